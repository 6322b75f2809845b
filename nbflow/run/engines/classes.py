"""The classes that a driver is going to need, loaded in a thread of their own while another makes its context.

Java loads a class when it is first used: some thousands, one after another, until the first Delta write, by the one thread that
everybody waits for. A second core loads them meanwhile. Nothing of a class is executed when it is loaded. Who has the class-data
archive has no use for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

CLASSES = Path(__file__).parent / "classes.txt"
"""Their names, in the order in which a driver came to load them: Spark's, Delta's and what these two bring."""


def load_classes(gateway: Any, names: str) -> None:
    """Have the driver behind ``gateway`` load the classes of these ``names``, which white space parts; returns when that is done.

    One that is not there, as in another version of Spark, is left out. Raises py4j's error of a driver that goes.
    """
    java, invoke = gateway.jvm.java, gateway.jvm.java.lang.invoke
    named, shape, handles = java.lang.Class.forName, invoke.MethodType.methodType, invoke.MethodHandles
    anything, nothing, loader = named("java.lang.Object"), java.lang.Void.TYPE, named("java.lang.ClassLoader")
    error = named("java.lang.Throwable")
    load = handles.publicLookup().findVirtual(loader, "loadClass", shape(named("java.lang.Class"), named("java.lang.String")))
    load = load.bindTo(java.lang.ClassLoader.getSystemClassLoader()).asType(shape(nothing, anything))
    load = handles.catchException(load, error, handles.empty(shape(nothing, error)))
    consumer = invoke.MethodHandleProxies.asInterfaceInstance(named("java.util.function.Consumer"), load)
    java.util.Scanner(names).forEachRemaining(consumer)
