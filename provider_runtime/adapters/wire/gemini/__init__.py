"""The Gemini generateContent protocol, as Google's Gemini API speaks it."""
