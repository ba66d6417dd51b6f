import BLS
import SSZ

/// What nodes of a Pedersen run tell all others.
package enum PedersenBundle: Equatable, Sendable {
    case deals(DealBundleMessage)
    case responses(ResponseBundleMessage)
    case justifications(JustificationBundleMessage)

    /// The nonce of the run it belongs to.
    package var session: Bytes32 {
        switch self {
        case .deals(let bundle): bundle.session
        case .responses(let bundle): bundle.session
        case .justifications(let bundle): bundle.session
        }
    }

    package var kind: CeremonyFault.Message {
        switch self {
        case .deals: .deals
        case .responses: .responses
        case .justifications: .justifications
        }
    }

    /// Index of the dealer, or of the receiver for responses.
    var index: Int {
        switch self {
        case .deals(let bundle): bundle.dealerIndex
        case .responses(let bundle): bundle.shareIndex
        case .justifications(let bundle): bundle.dealerIndex
        }
    }

    var signature: Bytes96 {
        switch self {
        case .deals(let bundle): bundle.signature
        case .responses(let bundle): bundle.signature
        case .justifications(let bundle): bundle.signature
        }
    }

    /// What is signed.
    var hash: Bytes32 {
        switch self {
        case .deals(let bundle):
            Self.hash(
                bundle.dealerIndex, points: bundle.publicPoints,
                entries: bundle.deals.map { ($0.shareIndex, $0.encryptedShare) }, bundle.session)
        case .responses(let bundle):
            Self.hash(
                bundle.shareIndex, entries: bundle.responses.map { ($0.dealerIndex, [$0.isGood ? 1 : 0]) },
                bundle.session)
        case .justifications(let bundle):
            Self.hash(
                bundle.dealerIndex, entries: bundle.justifications.map { ($0.shareIndex, $0.share.bytes) },
                bundle.session)
        }
    }

    /// SHA-256 over the index, the points, the entries by ascending index, and the session. Source: spec/dkg.md §8.2.
    private static func hash(
        _ index: Int, points: [Bytes48] = [], entries: [(index: Int, bytes: [UInt8])], _ session: Bytes32
    ) -> Bytes32 {
        func bigEndian(_ number: Int) -> [UInt8] {
            withUnsafeBytes(of: UInt32(truncatingIfNeeded: number).bigEndian) { Array($0) }
        }
        var message = bigEndian(index)
        for point in points { message += point.bytes }
        for entry in entries.sorted(by: { $0.index < $1.index }) { message += bigEndian(entry.index) + entry.bytes }
        return SHA256.hash(message + session.bytes)
    }

    func isSigned(by key: PublicKey) -> Bool {
        guard let signature = try? Signature(signature) else { return false }
        return key.verify(signature, over: hash.bytes, ciphersuite: .basic)
    }

    /// The same, signed by a node key.
    func signed(by key: SecretKey) -> PedersenBundle {
        let signature = key.sign(hash.bytes, ciphersuite: .basic).bytes
        return switch self {
        case .deals(let bundle):
            .deals(
                DealBundleMessage(
                    dealerIndex: bundle.dealerIndex, deals: bundle.deals, publicPoints: bundle.publicPoints,
                    session: bundle.session, signature: signature))
        case .responses(let bundle):
            .responses(
                ResponseBundleMessage(
                    shareIndex: bundle.shareIndex, responses: bundle.responses, session: bundle.session,
                    signature: signature))
        case .justifications(let bundle):
            .justifications(
                JustificationBundleMessage(
                    dealerIndex: bundle.dealerIndex, justifications: bundle.justifications, session: bundle.session,
                    signature: signature))
        }
    }
}
