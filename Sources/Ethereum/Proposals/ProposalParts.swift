import SSZ

/// A proposal's SSZ form in pieces that are the same signed and unsigned, as slices of the bytes it came in.
struct ProposalParts: Sendable {
    /// The block message.
    let block: ArraySlice<UInt8>
    /// Empty unless the form has contents.
    let kzgProofs: ArraySlice<UInt8>
    /// Empty unless the form has contents.
    let blobs: ArraySlice<UInt8>

    /// Three offsets: block, proofs, blobs.
    private static let contentsHeader = 12
    /// The offset of the message, and the signature.
    private static let signedHeader = 100

    /// - Precondition: `bytes` were decoded as an object of this form.
    init(of bytes: ArraySlice<UInt8>, form: ProposalForm, isSigned: Bool) {
        var block = bytes
        if form.hasContents {
            let proofsStart = bytes.startIndex + Int(bytes.offset(at: 4))
            let blobsStart = bytes.startIndex + Int(bytes.offset(at: 8))
            block = bytes[(bytes.startIndex + Self.contentsHeader)..<proofsStart]
            kzgProofs = bytes[proofsStart..<blobsStart]
            blobs = bytes[blobsStart...]
        } else {
            kzgProofs = []
            blobs = []
        }
        self.block = isSigned ? block.dropFirst(Self.signedHeader) : block
    }

    /// The SSZ form, unsigned without a signature.
    func objectBytes(form: ProposalForm, signature: SignatureBytes?) -> [UInt8] {
        let blockBytes = block.count + (signature == nil ? 0 : Self.signedHeader)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.contentsHeader + blockBytes + kzgProofs.count + blobs.count)
        if form.hasContents {
            let proofsStart = Self.contentsHeader + blockBytes
            for offset in [Self.contentsHeader, proofsStart, proofsStart + kzgProofs.count] {
                bytes.appendOffset(offset)
            }
        }
        if let signature {
            bytes.appendOffset(Self.signedHeader)
            signature.withUnsafeBytes { bytes.append(contentsOf: $0) }
        }
        bytes += block
        bytes += kzgProofs
        bytes += blobs
        return bytes
    }
}
