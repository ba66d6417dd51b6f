/// `MsgSync`: where a client is. Source: spec/dkg.md §2.
package struct SyncMessage: Equatable, Sendable {
    /// Bytes without the length; a message of Charon has some 120.
    package static let bytesMax = 2048
    static let versionBytesMax = 64
    static let nicknameBytesMax = 256
    static let signatureBytesMax = 72

    package let timestamp: SyncTimestamp
    /// DER, over SHA-256 of the definition hash.
    package let hashSignature: [UInt8]
    package let shutdown: Bool
    /// `v1.11`.
    package let version: String
    package let step: Int
    /// Informational; not printable as it comes.
    package let nickname: String

    package init(
        timestamp: SyncTimestamp, hashSignature: [UInt8], shutdown: Bool, version: String, step: Int, nickname: String
    ) {
        self.timestamp = timestamp
        self.hashSignature = hashSignature
        self.shutdown = shutdown
        self.version = version
        self.step = step
        self.nickname = nickname
    }

    package init(decoding bytes: [UInt8]) throws(WireFault) {
        var timestamp: SyncTimestamp?
        var hashSignature: [UInt8] = []
        var (shutdown, version, step, nickname) = (false, "", Int64(0), "")
        var reader = try FieldReader(bytes, "MsgSync", bytesMax: Self.bytesMax, fields: 6)
        while let field = try reader.next() {
            switch field.number {
            case 1: timestamp = try SyncTimestamp(field.body("timestamp"))
            case 2: hashSignature = try field.bytes("hash_signature", max: Self.signatureBytesMax)
            case 3: shutdown = try field.bool("shutdown")
            case 4: version = try field.text("version", bytesMax: Self.versionBytesMax)
            case 5: step = try field.int64("step")
            default: nickname = try field.text("nickname", bytesMax: Self.nicknameBytesMax)
            }
        }
        self.init(
            timestamp: try timestamp.required("timestamp"), hashSignature: hashSignature, shutdown: shutdown,
            version: version, step: Int(step), nickname: nickname)
    }

    package func encoded() -> [UInt8] {
        FieldWriter.message { writer in
            writer.message(1, timestamp.write)
            writer.field(2, hashSignature)
            writer.bool(3, shutdown)
            writer.text(4, version)
            writer.number(5, Int64(step))
            writer.text(6, nickname)
        }
    }
}
