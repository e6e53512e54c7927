"""The commands of who runs a tool: what was decided, collected and sent on this machine."""
