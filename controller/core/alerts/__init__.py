"""Alerts, pure: pictures and records to alerts, alerts to deliveries."""
