import BLS
import Ethereum
import SSZ
import Synchronization

/// Checks signatures in batches: whatever arrives while one batch is being checked makes up the next, and signatures
/// over the same root share one pairing check. Keeps decoded points for recovery.
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

    package enum Failure: Error {
        /// More is waiting than can be checked in time.
        case overloaded
    }

    private struct Job: Sendable {
        let claims: [Claim]
        let done: @Sendable (Result<[Bool], Failure>) -> Void
    }

    private struct Queue: Sendable {
        var jobs: [Job] = []
        var claims = 0
        var isDraining = false
    }

    /// Signatures in one batch: the gain flattens out while the wait grows.
    private static let batchMax = 256
    /// Signatures waiting: a thousand validators' slot of a 24-node cluster.
    private static let waitingMax = 32768

    private let threads: CryptoThreads
    private let queue = Mutex(Queue())
    private let points = SignatureCache(capacity: 4096)

    package init(threads: CryptoThreads) { self.threads = threads }

    /// - Returns: for each claim whether it holds. An all-zero signature never does.
    package func verify(_ claims: [Claim]) async throws(Failure) -> [Bool] {
        guard !claims.isEmpty else { return [] }
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<[Bool], Failure>, Never>) in
            let isAdmitted = queue.withLock { queue in
                guard queue.claims + claims.count <= Self.waitingMax else { return false }
                queue.jobs.append(Job(claims: claims) { continuation.resume(returning: $0) })
                queue.claims += claims.count
                if !queue.isDraining {
                    queue.isDraining = true
                    threads.enqueue { self.drain() }
                }
                return true
            }
            if !isAdmitted { continuation.resume(returning: .failure(.overloaded)) }
        }
        return try result.get()
    }

    /// Decodes signatures ahead of their use, without saying whose they are; about 85 µs each.
    ///
    /// - Returns: for each whether it is a point of the group.
    package func decode(_ signatures: [SignatureBytes]) async throws(Failure) -> [Bool] {
        let isAdmitted = queue.withLock { queue in
            guard queue.claims + signatures.count <= Self.waitingMax else { return false }
            queue.claims += signatures.count
            return true
        }
        guard isAdmitted else { throw .overloaded }
        return await withCheckedContinuation { continuation in
            threads.enqueue {
                let outcomes = signatures.map { signature in
                    guard let point = try? self.point(of: signature) else { return false }
                    self.points.insert(point)
                    return true
                }
                self.queue.withLock { $0.claims -= signatures.count }
                continuation.resume(returning: outcomes)
            }
        }
    }

    /// The point of a signature, decoded once.
    package func point(of signature: SignatureBytes) throws(BLSError) -> Signature {
        if let point = points[signature] { return point }
        return try Signature(signature)
    }

    private func drain() {
        while let jobs = next() {
            var batch = SignatureBatch()
            for claim in jobs.flatMap(\.claims) { batch.add(claim.signature, by: claim.key, over: claim.root) }
            var outcomes = batch.verify()[...]
            for job in jobs {
                let own = outcomes.prefix(job.claims.count)
                outcomes = outcomes.dropFirst(job.claims.count)
                for case .success(let point) in own { points.insert(point) }
                job.done(
                    .success(
                        own.map { outcome in
                            if case .success = outcome { true } else { false }
                        }))
            }
        }
    }

    private func next() -> [Job]? {
        queue.withLock { queue in
            guard !queue.jobs.isEmpty else {
                queue.isDraining = false
                return nil
            }
            var taken = 0
            var claims = 0
            while taken < queue.jobs.count, taken == 0 || claims + queue.jobs[taken].claims.count <= Self.batchMax {
                claims += queue.jobs[taken].claims.count
                taken += 1
            }
            let jobs = Array(queue.jobs.prefix(taken))
            queue.jobs.removeFirst(taken)
            queue.claims -= claims
            return jobs
        }
    }
}

/// The latest signatures, decoded. Forgets the oldest half when full.
private final class SignatureCache: Sendable {
    private let capacity: Int
    private let generations = Mutex<(young: [SignatureBytes: Signature], old: [SignatureBytes: Signature])>(([:], [:]))

    init(capacity: Int) { self.capacity = capacity }

    subscript(bytes: SignatureBytes) -> Signature? { generations.withLock { $0.young[bytes] ?? $0.old[bytes] } }

    func insert(_ point: Signature) {
        generations.withLock { generations in
            if generations.young.count >= capacity / 2 { generations = ([:], generations.young) }
            generations.young[point.bytes] = point
        }
    }
}
