"""The web application, the processes and the command line."""
