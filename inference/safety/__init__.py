"""The screening stages: prompts, frames and sound. They score; `volary.moderation` decides."""
