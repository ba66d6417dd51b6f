import SSZ

/// `List[Blob, MAX_BLOB_COMMITMENTS_PER_BLOCK]`: blobs of 131072 bytes, end to end.
///
/// Decoding copies nothing: the bytes are a slice of those that were read. Source: consensus-specs
/// deneb/polynomial-commitments.md.
package struct Blobs: Sendable {
    /// BYTES_PER_FIELD_ELEMENT times FIELD_ELEMENTS_PER_BLOB.
    package static let blobBytes = 131_072

    /// The SSZ form.
    package let bytes: ArraySlice<UInt8>

    /// None.
    package init() {
        bytes = []
    }

    /// - Precondition: a whole number of blobs.
    package init(_ bytes: ArraySlice<UInt8>) {
        precondition(bytes.count % Self.blobBytes == 0)
        self.bytes = bytes
    }

    package var count: Int { bytes.count / Self.blobBytes }

    /// - Precondition: `0 <= i < count`.
    package subscript(i: Int) -> ArraySlice<UInt8> {
        precondition(i >= 0 && i < count)
        let start = bytes.startIndex + i * Self.blobBytes
        return bytes[start..<start + Self.blobBytes]
    }
}

extension Blobs: Hashable {
    /// Only by their number: whole blobs are too long to hash, and what holds them has a root to hash.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(count)
    }
}

extension Blobs: SSZCodable {
    package static func fixedSize(preset: Preset) -> Int? { nil }

    package func encode(into bytes: inout [UInt8], preset: Preset) {
        bytes.append(contentsOf: self.bytes)
    }

    package init(decoding bytes: ArraySlice<UInt8>, preset: Preset) throws(SSZError) {
        guard bytes.count % Self.blobBytes == 0 else { throw SSZError(.elementSize(Self.blobBytes)) }
        let limit = preset.maxBlobCommitmentsPerBlock
        guard bytes.count / Self.blobBytes <= limit else { throw SSZError(.limit(limit)) }
        self.init(bytes)
    }

    package func hashTreeRoot(preset: Preset) -> Root { Self.codec(preset).root(arrays, preset) }

    package func json(preset: Preset) -> JSONValue { Self.codec(preset).json(arrays, preset) }

    package init(json: JSONValue, preset: Preset) throws(SSZError) {
        let blobs = try Self.codec(preset).value(json, preset)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(blobs.count * Self.blobBytes)
        for blob in blobs { bytes += blob }
        self.init(bytes[...])
    }

    private var arrays: [[UInt8]] { (0..<count).map { Array(self[$0]) } }

    private static func codec(_ preset: Preset) -> ListCodec<ByteVectorCodec> {
        ListCodec(of: ByteVectorCodec(count: blobBytes), limit: preset.maxBlobCommitmentsPerBlock)
    }
}
