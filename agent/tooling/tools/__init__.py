"""The tools, one file each: the folder is the registry. A leading underscore means `no tool`."""
