"""Webhooks to partners: subscriptions, the router that decides what each is told, and the sender (Standard Webhooks)."""
