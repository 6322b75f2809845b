"""The words of a bundle's files: what stands around its jobs."""

from __future__ import annotations

from nbflow.define.pipeline_files.words import Key, done, idle

RESOURCES: dict[str, Key] = {
    "jobs": done("job_map", "Jobs by their keys."),
    **{
        kind: idle("Another kind of resource.")
        for kind in (
            "alerts", "apps", "catalogs", "cluster_policies", "clusters", "dashboards", "database_catalogs", "database_instances",
            "experiments", "external_locations", "genie_spaces", "instance_pools", "job_runs", "model_serving_endpoints", "models",
            "pipelines", "postgres_branches", "postgres_catalogs", "postgres_databases", "postgres_endpoints", "postgres_projects",
            "postgres_roles", "postgres_snapshot_schedules", "postgres_synced_tables", "quality_monitors", "registered_models",
            "schemas", "secret_scopes", "secrets", "sql_warehouses", "synced_database_tables", "vector_search_endpoints",
            "vector_search_indexes", "volumes",
        )
    },
}  # fmt: skip

_OF_DEPLOYMENT = {
    "sync": "Which files are uploaded.",
    "artifacts": "What is built.",
    "permissions": "Who may do what.",
    "run_as": "Whose rights the bundle has.",
    "scripts": "Scripts of the bundle.",
    "python": "Python definitions.",
}

BUNDLE: dict[str, Key] = {
    "resources": done("resources", "What the bundle deploys."),
    "bundle": done("bundle_settings", "The bundle's name, and how it is deployed."),
    "include": done("list", "More files of the bundle: paths or patterns, from this file's folder."),
    "variables": done("variable_map", "The bundle's variables, by their names: ${var.name} means one."),
    "targets": done("target_map", "The bundle's targets, by their names: what is otherwise in each."),
    "workspace": done("map", "The Databricks workspace; ${workspace.host} and the like read it."),
    "presets": done("presets", "Defaults of the bundle."),
    "experimental": done("map", "Experimental settings, of which skip_name_prefix_for_schema has an effect."),
    **{name: idle(doc) for name, doc in _OF_DEPLOYMENT.items()},
}

BUNDLE_SETTINGS: dict[str, Key] = {
    "name": done("text", "The bundle's name."),
    **{
        name: done("any", "How it is deployed; ${bundle.…} reads it.")
        for name in (
            "git", "uuid", "target", "environment", "cluster_id", "compute_id", "databricks_cli_version", "deployment", "engine",
            "terraform",
        )
    },
}  # fmt: skip

BUNDLE_PART: dict[str, Key] = {name: key for name, key in BUNDLE.items() if name != "include"}

VARIABLE: dict[str, Key] = {
    "default": done("any", "Its value where neither the target nor the call gives one."),
    "description": done("prose", "What the variable is for."),
    "type": done("variable_type", "complex for one that is a map or a list."),
    "lookup": done("lookup", "A thing on Databricks whose id it is; here the call must give the value."),
}

LOOKUP: dict[str, Key] = {
    name: done("any", "The name of what the variable's value is the id of.")
    for name in (
        "alert", "cluster_policy", "cluster", "dashboard", "instance_pool", "job", "metastore", "notification_destination", "pipeline",
        "query", "service_principal", "warehouse",
    )
}  # fmt: skip

TARGET: dict[str, Key] = {
    "default": done("boolean", "Whether it is taken where the call names none."),
    "mode": done("target_mode", "development puts '[dev <user>] ' before the names of jobs; production."),
    "variables": done("map", "Values of variables in this target."),
    "resources": done("map", "What is otherwise with resources: jobs merge by key, their tasks by task_key."),
    "workspace": done("map", "The Databricks workspace of this target."),
    "bundle": done("bundle_settings", "What is otherwise with the bundle."),
    "presets": done("presets", "Defaults of this target."),
    "experimental": done("map", "Experimental settings in this target."),
    "git": done("map", "The git repository, as ${bundle.git.branch} and the like read it."),
    **{
        name: idle(doc)
        for name, doc in {
            **_OF_DEPLOYMENT,
            "cluster_id": "The cluster of all tasks.",
            "compute_id": "The same.",
        }.items()
    },
}

PRESETS: dict[str, Key] = {
    "name_prefix": done("prose", "Goes before the names of jobs."),
    **{
        name: idle("Of a deployment.")
        for name in (
            "pipelines_development", "trigger_pause_status", "jobs_max_concurrent_runs", "tags", "source_linked_deployment",
            "artifacts_dynamic_version",
        )
    },
}  # fmt: skip
