"""The forward columns of each kind of layer, one module for each."""
