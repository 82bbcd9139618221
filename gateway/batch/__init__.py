"""Many commands to the owners in one request, each with an outcome of its own."""
