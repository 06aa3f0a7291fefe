"""The chat around a study: a line typed becomes an utterance, an utterance a step of the study, a step a few plain lines."""
