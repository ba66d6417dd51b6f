import Ethereum
import NIOCore
import SSZ

/// What is to be signed, grouped as it was asked for, and what was made of it so far. No I/O.
///
/// Signatures wait to be checked while others are: what comes meanwhile is checked together.
struct SigningDesk: Sendable {
    typealias Tell = @Sendable (SignerOutcome) -> Void

    /// What to do outside.
    struct Work {
        var asks: [Ask] = []
        var lists: [Int] = []
        var tells: [(Tell, SignerOutcome)] = []
        /// For logs and the key list's reader.
        var news: [SigningQueue.Action] = []
        var check: [Unchecked] = []
        /// Batches to be flushed in a while.
        var flushes: [UInt64] = []
    }

    struct Ask: Sendable {
        let id: SigningQueue.ID
        let signer: Int
        let timeout: Duration
        let order: SigningOrder
    }

    struct Unchecked: Sendable {
        let id: SigningQueue.ID
        let signer: Int
        let key: PubShare
        let root: Root
        let signature: SignatureBytes
    }

    private struct Batch {
        let tell: Tell
        var open: Int
        var ready = SignerOutcome()
        var isFlushing = false
    }

    private struct Placed {
        let order: SigningOrder
        let batch: UInt64
        let position: Int
    }

    /// Checked in one go.
    private static let checkMax = 512

    var queue: SigningQueue
    private var placed: [SigningQueue.ID: Placed] = [:]
    private var batches: [UInt64: Batch] = [:]
    private var lastBatch: UInt64 = 0
    private var unchecked: [Unchecked] = []
    private var isChecking = false

    init(queue: SigningQueue) { self.queue = queue }

    mutating func sign(
        _ orders: [SigningOrder], _ rank: SigningRank, until deadline: SigningQueue.Time, at now: SigningQueue.Time,
        tell: @escaping Tell
    ) -> Work {
        guard !orders.isEmpty else { return Work() }
        lastBatch += 1
        batches[lastBatch] = Batch(tell: tell, open: orders.count)
        let jobs = orders.map { SigningQueue.Job(key: $0.key, rank: rank, deadline: deadline) }
        let (first, actions) = queue.submit(jobs, at: now)
        for (position, order) in orders.enumerated() {
            placed[first + UInt64(position)] = Placed(order: order, batch: lastBatch, position: position)
        }
        return work(actions)
    }

    mutating func answered(
        _ id: SigningQueue.ID, _ response: SigningQueue.Response, of signer: Int, at now: SigningQueue.Time
    ) -> Work {
        if case .answer(.signature(let signature)) = response, let order = placed[id]?.order {
            unchecked.append(
                Unchecked(id: id, signer: signer, key: order.key, root: order.root, signature: signature))
        }
        return work(queue.answered(id, response, at: now))
    }

    /// - Parameter holds: for each; nil if they could not be looked at.
    mutating func checked(_ signatures: [Unchecked], _ holds: [Bool]?, at now: SigningQueue.Time) -> Work {
        isChecking = false
        var actions: [SigningQueue.Action] = []
        for (position, made) in signatures.enumerated() {
            guard let holds else {
                // Nobody's fault but ours.
                actions += queue.giveUp(made.id, .overloaded)
                continue
            }
            actions += queue.checked(made.id, of: made.signer, holds: holds[position], at: now)
            guard holds[position], let place = placed.removeValue(forKey: made.id) else { continue }
            batches[place.batch]?.ready.signatures[place.position] = made.signature
            batches[place.batch]?.open -= 1
        }
        return work(actions)
    }

    /// - Parameter epoch: how often keys are listed.
    mutating func follow(_ epoch: Duration, at now: SigningQueue.Time) -> Work {
        queue.follow(epoch, at: now)
        return work(queue.tick(at: now))
    }

    mutating func listed(_ signer: Int, _ keys: Set<PubShare>, at now: SigningQueue.Time) -> Work {
        work(queue.listed(signer, keys, at: now))
    }

    mutating func flush(_ batch: UInt64) -> Work {
        batches[batch]?.isFlushing = false
        var work = Work()
        deliver(batch, &work)
        return work
    }

    /// What the queue's actions amount to.
    mutating func work(_ actions: [SigningQueue.Action]) -> Work {
        var work = Work()
        for action in actions {
            switch action {
            case .ask(let id, let signer, let timeout):
                guard let order = placed[id]?.order else { continue }
                work.asks.append(Ask(id: id, signer: signer, timeout: timeout, order: order))
            case .list(let signer): work.lists.append(signer)
            case .setback(let id, let failure):
                if let batch = placed[id]?.batch { batches[batch]?.ready.setbacks.insert(failure) }
            case .fail(let id, let failure):
                guard let place = placed.removeValue(forKey: id) else { continue }
                batches[place.batch]?.ready.failures[place.position] = failure
                batches[place.batch]?.open -= 1
            case .outage, .recovered, .listsChanged, .unlisted: work.news.append(action)
            }
        }
        for id in batches.keys.sorted() { settle(id, &work) }
        if !isChecking, !unchecked.isEmpty {
            isChecking = true
            work.check = Array(unchecked.prefix(Self.checkMax))
            unchecked.removeFirst(work.check.count)
        }
        return work
    }

    private mutating func settle(_ id: UInt64, _ work: inout Work) {
        guard let batch = batches[id] else { return }
        if batch.open == 0 { return deliver(id, &work) }
        guard !batch.ready.isEmpty, !batch.isFlushing else { return }
        batches[id]?.isFlushing = true
        work.flushes.append(id)
    }

    private mutating func deliver(_ id: UInt64, _ work: inout Work) {
        guard let batch = batches[id] else { return }
        if !batch.ready.isEmpty { work.tells.append((batch.tell, batch.ready)) }
        batches[id]?.ready = SignerOutcome()
        if batch.open == 0 { batches[id] = nil }
    }
}
