"""From the log to the brokers: payloads, one connection, one publisher a broker."""
