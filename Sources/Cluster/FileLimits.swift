/// Bounds of the hashed lists and texts. Source: spec/cluster-files.md §5.
enum FileLimits {
    static let operators = 256
    static let validators = 65536
    static let deposits = 256
    static let uuidBytes = 64
    static let nameBytes = 256
    static let versionBytes = 16
    static let timestampBytes = 32
    static let dkgAlgorithmBytes = 32
    static let consensusProtocolBytes = 256
    static let k1SignatureBytes = 65
    /// Owners of a contract that sign.
    static let signaturesInList = 32
    static let signatureListBytes = k1SignatureBytes * signaturesInList
    /// Keeps thresholds in an `Int`; verification compares with the operators.
    static let threshold = Int(Int32.max)
    /// What Charon accepts over HTTP.
    static let definitionFileBytes = 16 << 20
    /// About 25 000 validators of four operators.
    static let lockFileBytes = 64 << 20
    /// An entry for each of 65536 validators takes half of it.
    static let overridesFileBytes = 64 << 20
}
