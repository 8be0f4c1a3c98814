"""Does what is about to be sent hold a secret, or what has to stay here?"""
