import BeaconAPI
import Testing

@testable import BeaconClient

@Suite("scores of beacon nodes, on virtual time")
struct NodeScoreTests {
    private let start = ContinuousClock.now
    private func at(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

    private func order(_ health: NodeHealth, _ endpoint: String = "x", at seconds: Int) -> [Int] {
        health.runners([0, 1, 2], endpoint, timeout: .seconds(2), at: at(seconds)).map(\.node)
    }

    @Test("the quickest node is asked first, for each kind of call on its own")
    func quickest() {
        var health = NodeHealth()
        #expect(order(health, at: 0) == [0, 1, 2])
        for (node, milliseconds) in [(0, 30), (1, 10), (2, 20)] {
            _ = health.succeeded(node, "x", after: .milliseconds(milliseconds), at: at(0))
            _ = health.succeeded(node, "y", after: .milliseconds(50 - milliseconds), at: at(0))
        }
        #expect(order(health, at: 1) == [1, 2, 0])
        #expect(order(health, "y", at: 1) == [0, 2, 1])
    }

    @Test("a node that fails, hangs or answers nonsense is asked last, until that is long ago")
    func failing() {
        for cause: BeaconError.Cause in [
            .timeout, .malformed("x"), .tooLarge(bytesMax: 1), .syncing,
            .status(APIErrorBody(code: 500, message: ""), httpStatus: 500),
        ] {
            var health = NodeHealth()
            for node in 0..<3 { _ = health.succeeded(node, "x", after: .milliseconds(10 + node), at: at(0)) }
            _ = health.failed(0, cause, at: at(0))
            #expect(order(health, at: 1) == [1, 2, 0], "\(cause)")
            _ = health.succeeded(0, "x", after: .milliseconds(10), at: at(1))
            #expect(order(health, at: 1200) == [0, 1, 2], "\(cause)")
        }
    }

    @Test("what a node refuses tells nothing about the node")
    func refusals() {
        var health = NodeHealth()
        for cause: BeaconError.Cause in [
            .cancelled, .absent("x"), .status(APIErrorBody(code: 404, message: ""), httpStatus: 404),
        ] { _ = health.failed(0, cause, at: at(0)) }
        #expect(order(health, at: 0) == [0, 1, 2])
    }

    @Test("a node that another overtook is slower than it was, and is tried again later")
    func overtaken() {
        var health = NodeHealth()
        for node in 0..<3 { _ = health.succeeded(node, "x", after: .milliseconds(10 + 10 * node), at: at(0)) }
        health.overtaken(0, "x", after: .milliseconds(500), at: at(1))
        #expect(order(health, at: 1) == [1, 2, 0])
        for second in 2..<600 { _ = health.succeeded(1, "x", after: .milliseconds(20), at: at(second)) }
        #expect(order(health, at: 600).last == 1)
        // Quicker than it usually is: no news.
        health.overtaken(1, "x", after: .milliseconds(1), at: at(600))
        #expect(order(health, at: 600).last == 1)
    }

    @Test("event streams go to the node that answered first most often lately, not to one that is out of reach")
    func wins() {
        var health = NodeHealth()
        func ranking(at seconds: Int) -> [Int] { health.ranking([0, 1, 2], at: at(seconds)) }
        func win(_ node: Int, _ count: Int, at seconds: Int) {
            for _ in 0..<count { _ = health.succeeded(node, "x", after: .milliseconds(10), at: at(seconds)) }
        }
        #expect(ranking(at: 0) == [0, 1, 2])
        win(2, 8, at: 0)
        win(1, 4, at: 0)
        #expect(ranking(at: 1) == [2, 1, 0])
        win(1, 4, at: 60)
        #expect(ranking(at: 61) == [1, 2, 0], "the older half count half")
        _ = health.failed(1, .timeout, at: at(62))
        #expect(ranking(at: 62) == [2, 0, 1])
        win(1, 1, at: 63)
        #expect(ranking(at: 63) == [1, 2, 0])
        #expect(ranking(at: 2000) == [0, 1, 2], "that was long ago")
    }

    @Test("a node may take twice its usual time, within 50 ms and a quarter of the time-out")
    func patience() {
        func patience(_ milliseconds: Int?) -> Duration {
            var score = NodeScore()
            if let milliseconds { score.succeeded("x", after: .milliseconds(milliseconds), at: start) }
            return score.patience("x", timeout: .seconds(2))
        }
        #expect(patience(nil) == .milliseconds(100))
        #expect(patience(1) == .milliseconds(50))
        #expect(patience(125) == .milliseconds(250))
        #expect(patience(1900) == .milliseconds(500))
    }
}
