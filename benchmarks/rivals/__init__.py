"""Other model servers, pinned, in environments of their own, at the settings that their makers recommend."""
