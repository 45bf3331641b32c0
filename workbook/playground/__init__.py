"""The engine and the writer inside of one HTML page: they run in the browser, and nothing has to be installed."""
