import DutyWorkflow
import Ethereum
import SSZ
import Testing

@testable import RemoteSigner

@Suite("the queue for remote signers") struct SigningQueueTests {
    private typealias Action = SigningQueue.Action

    private static let start = ContinuousClock.now
    private static func at(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }
    private static func key(_ number: Int) -> PubShare { PubShare(padding: [UInt8(number + 1)]) }
    private static let signature = SigningQueue.Response.answer(.signature(SignatureBytes(padding: [1])))

    /// Signers that have listed these keys.
    private static func queue(
        _ lists: [[Int]?], timeout: Duration = .seconds(2), bounds: SigningQueue.Bounds = .init()
    ) -> SigningQueue {
        var queue = SigningQueue(
            signers: lists.indices.map { "s\($0)" }, timeout: timeout, bounds: bounds, at: start)
        #expect(queue.tick(at: start) == lists.indices.map { .list(signer: $0) })
        for (index, list) in lists.enumerated() {
            guard let list else { continue }
            _ = queue.listed(index, Set(list.map(key)), at: start)
        }
        return queue
    }

    private static func job(
        _ number: Int, _ rank: SigningRank = .attester, until: Int = 10_000
    ) -> SigningQueue.Job {
        SigningQueue.Job(key: key(number), rank: rank, deadline: at(until))
    }

    private static func asked(_ actions: [Action]) -> [Int] {
        actions.compactMap { if case .ask(_, let signer, _) = $0 { signer } else { nil } }
    }

    private static func ids(_ actions: [Action]) -> [SigningQueue.ID] {
        actions.compactMap { if case .ask(let id, _, _) = $0 { id } else { nil } }
    }

    private static func failures(_ actions: [Action]) -> [SigningFailure] {
        actions.compactMap { if case .fail(_, let failure) = $0 { failure } else { nil } }
    }

    @Test("a key goes to the first signer that lists it, and to none if none does")
    func routes() {
        var queue = Self.queue([[0, 1], [1, 2]])
        let (first, actions) = queue.submit((0..<4).map { Self.job($0) }, at: Self.at(1))
        #expect(Self.asked(actions) == [0, 0, 1])
        #expect(Self.failures(actions) == [.noKey])
        #expect(actions.contains(.fail(first + 3, .noKey)))
    }

    @Test("a signer that has told no list is asked for what no other lists")
    func unknown() {
        var queue = Self.queue([nil, [1]])
        #expect(Self.asked(queue.submit([Self.job(0), Self.job(1)], at: Self.at(1)).actions) == [0, 1])
    }

    @Test("a forgotten key's jobs are over, waiting or asked for; what comes for them is nothing, and others go on")
    func forgets() {
        var bounds = SigningQueue.Bounds()
        bounds.inFlightMax = 2
        var queue = Self.queue([[0, 1]], bounds: bounds)
        let (first, actions) = queue.submit([Self.job(0), Self.job(1), Self.job(0), Self.job(1)], at: Self.at(1))
        #expect(Self.ids(actions) == [first, first + 1])
        #expect(queue.forget([Self.key(0)]) == [.fail(first, .noKey), .fail(first + 2, .noKey)])
        #expect(queue.openCount == 2)
        #expect(Self.ids(queue.answered(first, Self.signature, at: Self.at(2))) == [first + 3])
        #expect(queue.checked(first, of: 0, holds: false, at: Self.at(3)) == [])
        #expect(Self.ids(queue.submit([Self.job(0)], at: Self.at(4)).actions).isEmpty, "two are under way")
        #expect(Self.ids(queue.answered(first + 1, Self.signature, at: Self.at(5))) == [first + 4])
    }

    @Test("a right signature ends the job; an answer after it changes nothing")
    func succeeds() {
        var queue = Self.queue([[0]])
        let (id, _) = queue.submit([Self.job(0)], at: Self.at(1))
        #expect(queue.answered(id, Self.signature, at: Self.at(2)) == [])
        #expect(queue.openCount == 1)
        #expect(queue.checked(id, of: 0, holds: true, at: Self.at(3)) == [])
        #expect(queue.openCount == 0)
        #expect(queue.answered(id, .timedOut, at: Self.at(4)) == [])
        #expect(queue.tick(at: Self.at(20_000)).isEmpty)
    }

    @Test(
        "who refuses is not asked again, and nobody instead",
        arguments: [
            (SignerAnswer.refused(""), SigningFailure.refused(signer: "s0")),
            (.rejected(status: 400, ""), .answered(signer: "s0", "status 400")),
            (.rejected(status: 401, ""), .answered(signer: "s0", "status 401")),
        ])
    func final(answer: SignerAnswer, failure: SigningFailure) {
        var queue = Self.queue([[0], [0]])
        let (id, _) = queue.submit([Self.job(0)], at: Self.at(1))
        #expect(queue.answered(id, .answer(answer), at: Self.at(2)) == [.fail(id, failure)])
        #expect(queue.openCount == 0)
    }

    @Test("a key that is gone goes to a signer that lists it, not to one that might, and the list is read again")
    func gone() {
        for (lists, next) in [([[0], [0]], [1]), ([[0], nil], []), ([[0], [1]], [])] as [([[Int]?], [Int])] {
            var queue = Self.queue(lists)
            let (id, _) = queue.submit([Self.job(0)], at: Self.at(1))
            let actions = queue.answered(id, .answer(.noKey), at: Self.at(2))
            #expect(Self.asked(actions) == next)
            #expect(Self.failures(actions) == (next.isEmpty ? [.noKey] : []))
            #expect(queue.nextWake == Self.at(5000))
            #expect(queue.tick(at: Self.at(5000)).contains(.list(signer: 0)))
            // The next duty's goes there at once.
            let later = queue.submit([Self.job(0)], at: Self.at(5001)).actions
            #expect(Self.asked(later) == (lists[1].map { $0.contains(0) } == false ? [] : [1]))
        }
    }

    @Test(
        "a signer out of reach: the next one is asked at once, and it is left alone for a while",
        arguments: [
            SigningQueue.Response.timedOut, .unreachable("refused"), .answer(.broken(status: 503, "")),
        ])
    func failover(response: SigningQueue.Response) {
        var queue = Self.queue([[0], [0]])
        let (id, _) = queue.submit([Self.job(0)], at: Self.at(1))
        let actions = queue.answered(id, response, at: Self.at(2))
        #expect(Self.asked(actions) == [1])
        #expect(actions.contains { if case .outage(0, _) = $0 { true } else { false } })
        #expect(queue.answered(id, Self.signature, at: Self.at(3)) == [])
        _ = queue.checked(id, of: 1, holds: true, at: Self.at(3))
        #expect(Self.asked(queue.submit([Self.job(0)], at: Self.at(900)).actions) == [1])
    }

    @Test("the only signer is asked again after a pause by one request, and its return releases the others")
    func probes() {
        var queue = Self.queue([[0, 1, 2]])
        let (id, _) = queue.submit((0..<3).map { Self.job($0) }, at: Self.at(0))
        var actions = queue.answered(id, .unreachable("refused"), at: Self.at(1))
        #expect(actions.first == .outage(signer: 0, .unreachable(signer: "s0", "refused")))
        #expect(queue.outages.map { $0?.0 } == [Self.at(1)])
        #expect(queue.outages.map { $0?.1 } == [.unreachable(signer: "s0", "refused")])
        actions += queue.answered(id + 1, .unreachable("refused"), at: Self.at(2))
        actions += queue.answered(id + 2, .unreachable("refused"), at: Self.at(3))
        #expect(Self.asked(actions).isEmpty && Self.failures(actions).isEmpty)
        #expect(actions.filter { if case .outage = $0 { true } else { false } }.count == 1)
        #expect(queue.nextWake == Self.at(1001))
        let probe = Self.ids(queue.tick(at: Self.at(1001)))
        #expect(probe.count == 1)
        #expect(Self.asked(queue.answered(probe[0], .unreachable("refused"), at: Self.at(1002))).isEmpty)
        // 1.6 s after that.
        #expect(queue.nextWake == Self.at(2602))
        let second = Self.ids(queue.tick(at: Self.at(2602)))
        #expect(second.count == 1)
        let back = queue.answered(second[0], Self.signature, at: Self.at(2700))
        #expect(back.first == .recovered(signer: 0, after: .milliseconds(2699)))
        #expect(Self.asked(back).count == 2)
    }

    @Test("what waits for a signer that stays away fails at its deadline, with the reason")
    func deadline() {
        var queue = Self.queue([[0]])
        let (id, _) = queue.submit([Self.job(0, until: 900)], at: Self.at(0))
        #expect(
            queue.answered(id, .unreachable("refused"), at: Self.at(1)).contains(
                .setback(id, .unreachable(signer: "s0", "refused"))))
        // Comes while it is away: the reason is known all the same.
        let (late, actions) = queue.submit([Self.job(0, until: 950)], at: Self.at(2))
        #expect(actions.isEmpty)
        #expect(queue.nextWake == Self.at(900))
        #expect(Self.failures(queue.tick(at: Self.at(900))) == [.unreachable(signer: "s0", "refused")])
        #expect(queue.tick(at: Self.at(950)) == [.fail(late, .unreachable(signer: "s0", "refused"))])
        #expect(queue.openCount == 0)
    }

    @Test("a request cut short by the deadline says nothing about the signer")
    func cut() {
        var queue = Self.queue([[0, 1]])
        let (id, actions) = queue.submit([Self.job(0, until: 500)], at: Self.at(0))
        #expect(actions == [.ask(id, signer: 0, timeout: .milliseconds(500))])
        #expect(
            queue.answered(id, .timedOut, at: Self.at(500)).allSatisfy {
                if case .outage = $0 { false } else { true }
            })
        #expect(Self.failures(queue.tick(at: Self.at(500))) == [.timedOut(signer: "s0")])
        #expect(Self.asked(queue.submit([Self.job(1)], at: Self.at(501)).actions) == [0])
    }

    @Test(
        "what is broken for one key is asked of the others, then again a few times, and harms no other key",
        arguments: [SignerAnswer.broken(status: 500, "x"), .garbage("y")])
    func broken(answer: SignerAnswer) {
        var queue = Self.queue([[0, 1], [0]])
        let (id, _) = queue.submit([Self.job(0)], at: Self.at(0))
        #expect(Self.asked(queue.answered(id, .answer(answer), at: Self.at(1))) == [1])
        #expect(Self.asked(queue.submit([Self.job(1)], at: Self.at(2)).actions) == [0])
        let second = queue.answered(id, .answer(answer), at: Self.at(3))
        #expect(Self.asked(second).isEmpty && Self.failures(second).isEmpty)
        let third = queue.tick(at: Self.at(1003))
        #expect(Self.asked(third) == [0])
        #expect(Self.asked(queue.answered(id, .answer(answer), at: Self.at(1004))) == [1])
        #expect(Self.failures(queue.answered(id, .answer(answer), at: Self.at(1005))).count == 1)
        #expect(queue.openCount == 1)
    }

    @Test("a wrong signature is asked of the next signer, and fails where there is none")
    func wrong() {
        var queue = Self.queue([[0], [0]])
        let (id, _) = queue.submit([Self.job(0)], at: Self.at(0))
        _ = queue.answered(id, Self.signature, at: Self.at(1))
        #expect(Self.asked(queue.checked(id, of: 0, holds: false, at: Self.at(2))) == [1])
        _ = queue.answered(id, Self.signature, at: Self.at(3))
        #expect(
            queue.checked(id, of: 1, holds: false, at: Self.at(4)) == [.fail(id, .wrongSignature(signer: "s1"))])
    }

    @Test("the urgent go first, and the others never take all places")
    func order() {
        var bounds = SigningQueue.Bounds()
        bounds.inFlightMax = 4
        bounds.lowInFlightMax = 2
        var queue = Self.queue([Array(0..<9)], bounds: bounds)
        let ranks: [SigningRank] = [.rest, .selection, .selection, .attester, .randao, .proposer, .syncMessage]
        let (first, actions) = queue.submit(ranks.enumerated().map { Self.job($0, $1) }, at: Self.at(0))
        #expect(Self.ids(actions) == [first + 5, first + 4, first + 3, first + 6])
        var ids = Self.ids(actions)
        var order: [SigningQueue.ID] = []
        // The first two answer; only two of low rank may go.
        order += Self.ids(queue.answered(ids[0], Self.signature, at: Self.at(1)))
        order += Self.ids(queue.answered(ids[1], Self.signature, at: Self.at(1)))
        #expect(order == [first + 1, first + 2])
        #expect(Self.ids(queue.answered(ids[2], Self.signature, at: Self.at(1))).isEmpty)
        #expect(queue.nextWake.map { $0 > Self.at(1) } == true)
        // A proposer's comes in between.
        let (urgent, more) = queue.submit([Self.job(8, .proposer)], at: Self.at(2))
        #expect(Self.ids(more) == [urgent])
        ids = order
        #expect(Self.ids(queue.answered(ids[0], Self.signature, at: Self.at(3))) == [first])
    }

    @Test("no more requests at once than a signer has workers, however many jobs")
    func bounded() {
        var queue = Self.queue([Array(0..<100)])
        let (first, actions) = queue.submit((0..<100).map { Self.job($0) }, at: Self.at(0))
        #expect(Self.asked(actions).count == 20)
        var open = Self.ids(actions)
        var seen = Set(open)
        while let id = open.popLast() {
            let next = queue.answered(id, Self.signature, at: Self.at(1))
            _ = queue.checked(id, of: 0, holds: true, at: Self.at(1))
            open += Self.ids(next)
            seen.formUnion(Self.ids(next))
            #expect(open.count <= 20)
        }
        #expect(seen == Set(first..<first + 100))
        #expect(queue.openCount == 0)
    }

    @Test("more jobs than are held are refused")
    func full() {
        var bounds = SigningQueue.Bounds()
        bounds.jobsMax = 3
        var queue = Self.queue([Array(0..<9)], bounds: bounds)
        #expect(
            Self.failures(queue.submit((0..<5).map { Self.job($0) }, at: Self.at(0)).actions) == [
                .overloaded, .overloaded,
            ])
    }

    @Test("jobs that end while a signer is away leave little behind")
    func outageIsBounded() {
        var queue = Self.queue([[0]])
        let (id, _) = queue.submit([Self.job(0)], at: Self.at(0))
        _ = queue.answered(id, .unreachable("refused"), at: Self.at(0))
        // The longest deadline there is: its entry stays, and all others come and go.
        for time in stride(from: 1, to: 900, by: 1) {
            _ = queue.tick(at: Self.at(time))
            _ = queue.submit((0..<20).map { _ in Self.job(0, until: time + 1) }, at: Self.at(time))
            #expect(queue.entryCount < 1000)
        }
        #expect(queue.openCount == 21)
    }

    @Test("a list that changes moves what waits; an unreachable signer keeps its list and is asked for it again")
    func lists() {
        var bounds = SigningQueue.Bounds()
        bounds.inFlightMax = 1
        var queue = Self.queue([[0, 1], []], bounds: bounds)
        let (first, _) = queue.submit([Self.job(0), Self.job(1)], at: Self.at(0))
        #expect(queue.listed(1, [Self.key(1)], at: Self.at(1)) == [.listsChanged])
        // Waits for the first signer still; when that lists it no more, it goes to the other.
        let moved = queue.listed(0, [Self.key(0)], at: Self.at(2))
        #expect(moved == [.listsChanged, .ask(first + 1, signer: 1, timeout: .seconds(2))])
        #expect(queue.listed(0, [Self.key(0)], at: Self.at(3)).isEmpty)
        #expect(
            queue.listFailed(0, .unreachable("refused"), at: Self.at(4)) == [
                .outage(signer: 0, .unreachable(signer: "s0", "refused"))
            ])
        #expect(queue.lists == [[Self.key(0)], [Self.key(1)]])
        #expect(queue.tick(at: Self.at(1004)).contains(.list(signer: 0)))
        #expect(
            queue.listed(0, [Self.key(0)], at: Self.at(1005)) == [
                .recovered(signer: 0, after: .milliseconds(1001))
            ])
    }

    @Test("a signer that answers but does not list its keys is told once, and is used")
    func unlisted() {
        var queue = Self.queue([nil])
        let told = Action.unlisted(signer: 0, .answered(signer: "s0", "status 403"))
        #expect(queue.listFailed(0, .answer(.rejected(status: 403, "")), at: Self.at(0)) == [told])
        #expect(queue.tick(at: Self.at(1000)) == [.list(signer: 0)])
        #expect(queue.listFailed(0, .answer(.rejected(status: 403, "")), at: Self.at(1001)).isEmpty)
        #expect(Self.asked(queue.submit([Self.job(0)], at: Self.at(1002)).actions) == [0])
    }

    @Test("duties and their ranks")
    func ranks() {
        let types: [DutyType] = [.proposer, .randao, .attester, .syncMessage, .prepareAggregator, .aggregator]
        #expect(types.map { SigningRank($0) } == SigningRank.allCases)
        #expect(SigningRank.allCases.filter(\.isLow) == [.selection, .rest])
    }
}
