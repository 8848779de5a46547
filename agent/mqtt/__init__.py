"""From the log to the brokers: payloads, one connection, one publisher a broker."""

from agent.mqtt.publisher import Publisher

__all__ = ["Publisher"]
