"""The whole files of each reader, a module each, with how it is called."""
