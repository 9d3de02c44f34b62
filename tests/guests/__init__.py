"""The bundled guests on our machine. They are built by `make build`."""
