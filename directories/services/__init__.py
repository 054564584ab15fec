"""Every write to the database. Views, commands and admin actions call these."""
