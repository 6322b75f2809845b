"""What a pipeline is: frozen values, and the checks of them."""
