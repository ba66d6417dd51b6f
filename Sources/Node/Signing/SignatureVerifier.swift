import BLS
import DutyWorkflow
import Ethereum
import SSZ
import Synchronization

/// Checks signatures in batches: what waits is checked together, and signatures over the same root share one pairing
/// check. Also decodes signatures ahead of their combination.
///
/// Closures are called on a crypto thread; nothing is called any more after the threads are shut down.
package final class SignatureVerifier: Sendable {
    package struct Claim: Sendable {
        package var key: PublicKey
        package var signature: SignatureBytes
        package var root: Root

        package init(key: PublicKey, signature: SignatureBytes, root: Root) {
            self.key = key
            self.signature = signature
            self.root = root
        }
    }

    /// Claims of one caller that are checked in one batch.
    private struct Piece: Sendable {
        let claims: ArraySlice<Claim>
        let done: @Sendable ([Bool]) -> Void
    }

    private struct Own: Sendable {
        var pieces: [Piece] = []
        var claims = 0
    }

    /// One set of a suspect's, from the first claim not looked at on.
    private struct Suspected: Sendable {
        var claims: ArraySlice<Claim>
        let done: @Sendable (Bool) -> Void
    }

    /// Signatures in one batch of our own client's: the gain flattens out while the wait grows. About 10 ms.
    private static let batchMax = 64
    /// Our own client's signatures waiting: a thousand validators' slot of a 24-node cluster.
    private static let waitingMax = 32768
    /// Signatures of a suspect in one batch, under 10 ms: our own work waits that long.
    private static let suspectBatchMax = 48
    /// Signatures of one suspect waiting, about 300 bytes each: every validator of a large cluster for two slots.
    private static let suspectWaitingMax = 4096
    /// Sets of one suspect waiting.
    private static let suspectSetsMax = 64
    /// Signatures decoded in one go, about 2 ms.
    private static let decodeMax = 64

    private let threads: CryptoThreads
    private let own = Mutex(Own())
    /// The first of each is being looked at: one job in flight for each operator.
    private let suspects = Mutex<[ShareIndex: [Suspected]]>([:])
    private let points = Mutex(PointStore(capacity: 16384))

    package init(threads: CryptoThreads) { self.threads = threads }

    // MARK: Our own client's

    /// Tells for each claim whether it holds. An all-zero signature never does.
    ///
    /// - Returns: false when more is waiting than can be checked in time; then `done` is not called.
    package func verify(_ claims: [Claim], done: @escaping @Sendable ([Bool]) -> Void) -> Bool {
        guard !claims.isEmpty else {
            done([])
            return true
        }
        let parts = CryptoThreads.parts(
            of: claims.count, threads: threads.count, least: Self.batchMax / 4, most: Self.batchMax)
        let gathering = Gathering<[Bool]>(parts.count) { done($0.flatMap { $0 }) }
        let pieces = parts.enumerated().map { index, range in
            Piece(claims: claims[range]) { gathering.finish(index, $0) }
        }
        let isAdmitted = own.withLock { own in
            guard own.claims + claims.count <= Self.waitingMax else { return false }
            own.pieces += pieces
            own.claims += claims.count
            return true
        }
        guard isAdmitted else { return false }
        // A piece may be taken along with one before it, so that a turn finds nothing.
        for _ in pieces { threads.submit(.own) { [self] in checkOwn() } }
        return true
    }

    private func checkOwn() {
        let pieces = own.withLock { own -> ArraySlice<Piece> in
            var taken = 0
            var claims = 0
            while taken < own.pieces.count, taken == 0 || claims + own.pieces[taken].claims.count <= Self.batchMax {
                claims += own.pieces[taken].claims.count
                taken += 1
            }
            let pieces = own.pieces.prefix(taken)
            own.pieces.removeFirst(taken)
            own.claims -= claims
            return pieces
        }
        var batch = SignatureBatch()
        for claim in pieces.lazy.flatMap(\.claims) { batch.add(claim.signature, by: claim.key, over: claim.root) }
        let outcomes = batch.verify()
        keep(outcomes.compactMap { try? $0.get() })
        var verdicts = outcomes.map { outcome in
            if case .success = outcome { true } else { false }
        }[...]
        for piece in pieces {
            piece.done(Array(verdicts.prefix(piece.claims.count)))
            verdicts = verdicts.dropFirst(piece.claims.count)
        }
    }

    // MARK: Suspects'

    /// Tells whether all claims of an operator's set hold, and looks no further than the first batch with one that does
    /// not. Waits for everything else, and for the operator's earlier sets.
    ///
    /// - Returns: false when too much of this operator's is waiting; then `done` is not called.
    package func verifyAll(
        _ claims: [Claim], from share: ShareIndex, done: @escaping @Sendable (Bool) -> Void
    ) -> Bool {
        let isAdmitted: Bool? = suspects.withLock { suspects in
            let waiting = suspects[share, default: []]
            guard waiting.reduce(claims.count, { $0 + $1.claims.count }) <= Self.suspectWaitingMax,
                waiting.count < Self.suspectSetsMax
            else { return nil }
            suspects[share] = waiting + [Suspected(claims: claims[...], done: done)]
            return waiting.isEmpty
        }
        if isAdmitted == true { submitSuspect(share) }
        return isAdmitted != nil
    }

    private func submitSuspect(_ share: ShareIndex) {
        threads.submit(.suspect) { [self] in checkSuspect(share) }
    }

    /// One batch of the operator's first set, then the next one's turn.
    private func checkSuspect(_ share: ShareIndex) {
        guard let first = suspects.withLock({ $0[share]?.first }) else { return }
        var batch = SignatureBatch()
        for claim in first.claims.prefix(Self.suspectBatchMax) {
            batch.add(claim.signature, by: claim.key, over: claim.root)
        }
        let holds = batch.allHold()
        let rest = first.claims.dropFirst(Self.suspectBatchMax)
        let isOver = !holds || rest.isEmpty
        let isLast = suspects.withLock { suspects in
            if isOver { suspects[share]?.removeFirst() } else { suspects[share]?[0].claims = rest }
            if suspects[share]?.isEmpty == true { suspects[share] = nil }
            return suspects[share] == nil
        }
        if isOver { first.done(holds) }
        if !isLast { submitSuspect(share) }
    }

    // MARK: Combination

    /// Decodes signatures while nothing more urgent is to do: about 35 µs each, which their combination saves.
    ///
    /// - Parameter signatures: newly accepted shares that are not combined yet, each once.
    package func decodeAhead(_ signatures: [SignatureBytes]) {
        points.withLock { $0.expect(signatures) }
        for _ in CryptoThreads.parts(of: signatures.count, threads: 1, least: 1, most: Self.decodeMax) {
            threads.submit(.ahead) { [self] in
                for bytes in points.withLock({ $0.nextExpected(Self.decodeMax) }) {
                    let point = try? UncheckedSignature(bytes)
                    points.withLock { $0.decoded(bytes, point) }
                }
            }
        }
    }

    /// Signatures known to be right, soon to be combined.
    func keep(_ signatures: [Signature]) {
        points.withLock { points in
            for signature in signatures { points.keep(UncheckedSignature(signature)) }
        }
    }

    /// The point of a signature, if it was decoded ahead; once.
    func takePoint(of signature: SignatureBytes) throws(BLSError) -> UncheckedSignature {
        if let point = points.withLock({ $0.take(signature) }) { return point }
        return try UncheckedSignature(signature)
    }
}
