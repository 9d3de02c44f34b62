"""What stands behind devices on the host: images, networks, sinks."""
