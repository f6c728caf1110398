"""The speed figures: what a scan costs beside the decoding that it cannot do without."""
