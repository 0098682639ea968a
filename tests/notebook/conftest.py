"""Fixtures: a real engine in a home of the tests' own."""

from __future__ import annotations

from tests.client.home import clf, client, here, iris, served

__all__ = ["clf", "client", "here", "iris", "served"]
