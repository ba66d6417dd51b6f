extension ArraySlice<UInt8> {
    /// The bytes without copying them, if they are an array's.
    package init(sharing bytes: some Collection<UInt8>) {
        self = bytes as? ArraySlice<UInt8> ?? Array(bytes)[...]
    }
}
