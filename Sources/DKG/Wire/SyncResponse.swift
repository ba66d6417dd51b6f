/// `MsgSyncResponse`: the request's timestamp again, and why the server gives up. Source: spec/dkg.md §2.
package struct SyncResponse: Equatable, Sendable {
    /// Bytes without the length.
    package static let bytesMax = 4096
    static let errorBytesMax = 2048

    package let timestamp: SyncTimestamp
    /// Empty if all is well. As the peer wrote it: for people only after `printable`.
    package let error: String

    package init(timestamp: SyncTimestamp, error: String = "") {
        self.timestamp = timestamp
        self.error = error
    }

    package init(decoding bytes: [UInt8]) throws(WireFault) {
        var timestamp: SyncTimestamp?
        var error = ""
        var reader = try FieldReader(bytes, "MsgSyncResponse", bytesMax: Self.bytesMax, fields: 2)
        while let field = try reader.next() {
            switch field.number {
            case 1: timestamp = try SyncTimestamp(field.body("sync_timestamp"))
            default: error = try field.text("error", bytesMax: Self.errorBytesMax)
            }
        }
        self.init(timestamp: try timestamp.required("sync_timestamp"), error: error)
    }

    package func encoded() -> [UInt8] {
        FieldWriter.message { writer in
            writer.message(1, timestamp.write)
            writer.text(2, error)
        }
    }
}
