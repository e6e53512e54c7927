"""Durable before the answer: deliveries, and what was refused, until the warehouse has them."""
