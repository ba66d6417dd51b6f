print("styx")
