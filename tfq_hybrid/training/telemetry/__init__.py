"""What the circuits do while a model trains: readings, pictures, alarms."""
