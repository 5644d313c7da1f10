"""How far readers agree, with each other and with themselves."""
