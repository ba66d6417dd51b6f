import Ethereum
import SSZ
import Testing
import Timing

@testable import RemoteSigner

/// The queue under signers that do all kinds of things in any order.
@Suite("the queue for remote signers, at random") struct SigningQueueRandomTests {
    private struct Run {
        let start = ContinuousClock.now
        var now: ContinuousClock.Instant
        var random: SplitMix64
        var queue: SigningQueue
        var open: [SigningQueue.ID: SigningQueue.Job] = [:]
        var asked: [(id: SigningQueue.ID, signer: Int)] = []
        var lists: [Int] = []
        /// Signatures to be looked at.
        var made: [(id: SigningQueue.ID, signer: Int)] = []
        /// Jobs that may not be asked for any more.
        var final: Set<SigningQueue.ID> = []
        var ends: [SigningQueue.ID: Int] = [:]

        init(seed: UInt64) {
            random = SplitMix64(seed: seed)
            now = start
            queue = SigningQueue(signers: ["a", "b", "c"], timeout: .seconds(2), at: start)
        }

        mutating func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

        mutating func take(_ actions: [SigningQueue.Action]) {
            for action in actions {
                switch action {
                case .ask(let id, let signer, let timeout):
                    #expect(!final.contains(id) && open[id] != nil && ends[id] == nil)
                    #expect(timeout > .zero && timeout <= .seconds(2))
                    #expect(!asked.contains { $0.id == id })
                    asked.append((id, signer))
                case .list(let signer):
                    #expect(!lists.contains(signer))
                    lists.append(signer)
                case .fail(let id, _): end(id)
                case .setback(let id, _): #expect(open[id] != nil)
                case .outage, .recovered, .listsChanged, .unlisted: break
                }
            }
            for signer in 0..<3 {
                let ranks = asked.filter { $0.signer == signer }.compactMap { open[$0.id]?.rank }
                #expect(ranks.count <= 20 && ranks.filter(\.isLow).count <= 10)
            }
        }

        mutating func end(_ id: SigningQueue.ID) {
            ends[id, default: 0] += 1
            open[id] = nil
        }

        mutating func submit() {
            let jobs = (0..<1 + pick(20)).map { _ in
                SigningQueue.Job(
                    key: PubShare(padding: [UInt8(1 + pick(6))]), rank: SigningRank.allCases[pick(6)],
                    deadline: now + .milliseconds(500 + pick(20_000)))
            }
            let (first, actions) = queue.submit(jobs, at: now)
            for (position, job) in jobs.enumerated() { open[first + UInt64(position)] = job }
            take(actions)
        }

        mutating func answer() {
            guard !asked.isEmpty else { return }
            let (id, signer) = asked.remove(at: pick(asked.count))
            let signature = SignerAnswer.signature(SignatureBytes(padding: [1]))
            let answers: [SigningQueue.Response] = [
                .answer(signature), .answer(signature), .answer(.refused("")), .answer(.rejected(status: 400, "")),
                .answer(.noKey), .answer(.broken(status: 500, "")), .answer(.broken(status: 502, "")),
                .answer(.garbage("")), .timedOut, .unreachable("x"),
            ]
            let response = answers[pick(answers.count)]
            switch response {
            case .answer(.signature): if open[id] != nil { made.append((id, signer)) }
            case .answer(.refused), .answer(.rejected): final.insert(id)
            default: break
            }
            take(queue.answered(id, response, at: now))
        }

        mutating func check() {
            guard !made.isEmpty else { return }
            let (id, signer) = made.remove(at: pick(made.count))
            let holds = pick(4) > 0
            if holds, open[id] != nil {
                end(id)
                final.insert(id)
            }
            take(queue.checked(id, of: signer, holds: holds, at: now))
        }

        mutating func list() {
            guard !lists.isEmpty else { return }
            let signer = lists.remove(at: pick(lists.count))
            switch pick(4) {
            case 0: take(queue.listFailed(signer, .unreachable("x"), at: now))
            case 1: take(queue.listFailed(signer, .answer(.rejected(status: 403, "")), at: now))
            default:
                let keys = (1...6).filter { _ in pick(3) > 0 }.map { PubShare(padding: [UInt8($0)]) }
                take(queue.listed(signer, Set(keys), at: now))
            }
        }

        mutating func wait() {
            now += .milliseconds(1 + pick(1500))
            take(queue.tick(at: now))
        }
    }

    @Test("every job ends once, none is asked for after its end, and bounds hold", arguments: 0..<60 as Range<UInt64>)
    func invariants(seed: UInt64) {
        var run = Run(seed: seed)
        for _ in 0..<1500 {
            switch run.pick(8) {
            case 0: run.submit()
            case 1, 2, 3: run.answer()
            case 4: run.list()
            case 5, 6: run.check()
            default: run.wait()
            }
        }
        // Signers answer all, then all deadlines pass.
        while !run.asked.isEmpty { run.answer() }
        while !run.made.isEmpty { run.check() }
        for _ in 0..<40 {
            run.now += .seconds(1)
            run.take(run.queue.tick(at: run.now))
            while !run.asked.isEmpty { run.answer() }
            while !run.made.isEmpty { run.check() }
        }
        #expect(run.open.isEmpty && run.queue.openCount == 0)
        #expect(run.ends.values.allSatisfy { $0 == 1 })
        while !run.lists.isEmpty { run.list() }
        // Lists come to be asked for again; of jobs nothing is left.
        #expect(run.queue.nextWake != nil)
        run.take(run.queue.tick(at: run.now + .seconds(600)))
        #expect(run.lists.count == 3 && run.queue.entryCount == 0)
    }
}
