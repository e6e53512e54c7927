"""What senders speak: our segments, PostHog's protocol, what apps spoke before."""
