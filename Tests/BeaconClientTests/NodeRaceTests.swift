import BeaconAPI
import Testing

@testable import BeaconClient

@Suite("a call to several nodes, on virtual time")
struct NodeRaceTests {
    private static let start = ContinuousClock.now
    private static func at(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }

    private static func heat(
        _ nodes: [Int], hasFallback: Bool = false, isTogether: Bool = false
    ) -> NodeRace.Heat {
        NodeRace.Heat(
            runners: nodes.map { .init(node: $0, patience: .milliseconds(100)) }, hasFallback: hasFallback,
            isTogether: isTogether)
    }

    private static func error(_ cause: BeaconError.Cause) -> BeaconError {
        BeaconError(endpoint: "x", node: "", cause: cause)
    }
    private static func status(_ status: Int) -> BeaconError {
        error(.status(APIErrorBody(code: status, message: ""), httpStatus: status))
    }

    @Test("the next node is asked when the one before is late, no sooner, and each once")
    func hedges() {
        var race = NodeRace([Self.heat([2, 0, 1])])
        let asked1 = race.start(at: Self.at(0))
        #expect(asked1 == [2])
        #expect(race.lateAt == Self.at(100))
        let asked2 = race.late(at: Self.at(99))
        #expect(asked2 == [])
        let asked3 = race.late(at: Self.at(100))
        #expect(asked3 == [0])
        let asked4 = race.late(at: Self.at(100))
        #expect(asked4 == [], "an old timer asks nobody")
        let asked5 = race.late(at: Self.at(200))
        #expect(asked5 == [1])
        #expect(race.lateAt == nil)
        let asked6 = race.late(at: Self.at(9000))
        #expect(asked6 == [])
        #expect(race.running == [0, 1, 2])
        #expect(race.elapsed(0, at: Self.at(250)) == .milliseconds(150))
    }

    @Test(
        "a refusal shortens the wait for others, but nothing that a node says which may do better later",
        arguments: [(400, true), (404, true), (408, false), (425, false), (429, false), (500, false), (503, false)])
    func refusals(status: Int, isRefusal: Bool) {
        var race = NodeRace([Self.heat([0, 1], isTogether: true)], refusalPatience: .milliseconds(500))
        _ = race.start(at: Self.at(0))
        let step = race.failed(0, Self.status(status), at: Self.at(30))
        #expect(step == .wait)
        #expect(race.overdueAt == (isRefusal ? Self.at(530) : nil))
        #expect(race.overdue().httpStatus == status)
        var patient = NodeRace([Self.heat([0, 1], isTogether: true)])
        _ = patient.start(at: Self.at(0))
        _ = patient.failed(0, Self.status(status), at: Self.at(30))
        #expect(patient.overdueAt == nil)
    }

    @Test("after a failure the next node is asked at once; a success of any ends it, so a refusal never does")
    func failures() {
        var race = NodeRace([Self.heat([0, 1, 2])])
        _ = race.start(at: Self.at(0))
        let asked1 = race.failed(0, Self.status(404), at: Self.at(5))
        #expect(asked1 == .ask([1]))
        #expect(race.lateAt == Self.at(105))
        let asked2 = race.late(at: Self.at(105))
        #expect(asked2 == [2])
        let asked3 = race.failed(2, Self.error(.timeout), at: Self.at(110))
        #expect(asked3 == .wait)
        guard case .over(let failure) = race.failed(1, Self.error(.connection("x")), at: Self.at(111)) else {
            Issue.record("not over")
            return
        }
        #expect(failure.httpStatus == 404 && failure.isTemporary)
    }

    @Test(
        "fallback nodes are asked for the errors that they can make good, and only when every primary has one",
        arguments: [
            ([error(.timeout), error(.connection("x"))], true), ([error(.syncing), status(503)], true),
            ([status(502), status(504)], true), ([error(.timeout), status(404)], false),
            ([status(400), status(503)], false), ([status(500), status(500)], true),
            ([error(.malformed("x")), error(.timeout)], true), ([error(.absent("x")), error(.timeout)], false),
            ([error(.tooLarge(bytesMax: 1)), error(.timeout)], true), ([status(401), error(.timeout)], true),
            ([status(403), error(.connection("x"))], true), ([status(429), status(503)], true),
            ([status(401), status(404)], false),
        ])
    func fallbacks(errors: [BeaconError], areAsked: Bool) {
        var race = NodeRace([
            Self.heat([0, 1], isTogether: true), Self.heat([2, 3], hasFallback: true, isTogether: true),
        ])
        let asked1 = race.start(at: Self.at(0))
        #expect(asked1 == [0, 1] && !race.usesFallback)
        let asked2 = race.failed(0, errors[0], at: Self.at(1))
        #expect(asked2 == .wait)
        let step = race.failed(1, errors[1], at: Self.at(2))
        if areAsked {
            #expect(step == .ask([2, 3]) && race.usesFallback && race.isNewHeat)
        } else {
            guard case .over = step else {
                Issue.record("\(step)")
                return
            }
            #expect(!race.usesFallback)
        }
    }

    @Test("nodes that do not follow the chain come last, also after the fallback nodes")
    func idle() {
        var race = NodeRace([
            Self.heat([1]), Self.heat([2], hasFallback: true, isTogether: true), Self.heat([0], isTogether: true),
        ])
        let asked1 = race.start(at: Self.at(0))
        #expect(asked1 == [1])
        let asked2 = race.late(at: Self.at(5000))
        #expect(asked2 == [])
        let asked3 = race.failed(1, Self.error(.timeout), at: Self.at(1))
        #expect(asked3 == .ask([2]))
        let asked4 = race.failed(2, Self.error(.timeout), at: Self.at(2))
        #expect(asked4 == .ask([0]))
        guard case .over = race.failed(0, Self.error(.syncing), at: Self.at(3)) else {
            Issue.record("not over")
            return
        }
        // Nobody else is left: they are the first.
        var alone = NodeRace([Self.heat([]), Self.heat([]), Self.heat([0])])
        let asked5 = alone.start(at: Self.at(0))
        #expect(asked5 == [0])
    }

    @Test("once an answer will do fallback nodes may have a better one, but not those that do not follow the chain")
    func settled() {
        var last = Self.heat([0], isTogether: true)
        last.isIdle = true
        var race = NodeRace([Self.heat([1]), Self.heat([2], hasFallback: true, isTogether: true), last])
        _ = race.start(at: Self.at(0))
        race.settle()
        let step = race.failed(1, Self.error(.malformed("pays another")), at: Self.at(1))
        #expect(step == .ask([2]))
        guard case .over = race.failed(2, Self.error(.timeout), at: Self.at(2)) else {
            Issue.record("not over")
            return
        }
    }
}
