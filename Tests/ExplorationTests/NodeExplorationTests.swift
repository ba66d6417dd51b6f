import Testing

@testable import Exploration

@Suite("One node, every order")
struct NodeExplorationTests {
    @Test("nothing leaves it that is not on disk, and never two of anything", arguments: [false, true])
    func promises(signs: Bool) {
        // A share is some steps away.
        let landmarks = NodeWorld(signs: signs).landmarks
        let outcome = NodeExploration(signs: signs).run(statesMax: 60, pasts: [landmarks[0]])
        #expect(outcome.violations.isEmpty && outcome.states == 60)
        #expect(outcome.served > 0 && outcome.shared > 0)
    }

    @Test("a fingerprint does not depend on the order of a dictionary, and on everything else")
    func fingerprint() {
        struct Inner { let number: Int }
        struct Outer {
            var table: [Int: Inner] = [:]
            var list: [Inner] = []
            var note = ""
        }
        var (one, other) = (Outer(), Outer())
        for number in 0..<50 { one.table[number] = Inner(number: number) }
        for number in (0..<50).reversed() { other.table[number] = Inner(number: number) }
        #expect(Fingerprint(of: one) == Fingerprint(of: other))
        other.note = "seen"
        #expect(Fingerprint(of: one) != Fingerprint(of: other))
        #expect(Fingerprint(of: one, without: ["note"]) == Fingerprint(of: other, without: ["note"]))
        other = one
        other.table[3] = Inner(number: 4)
        #expect(Fingerprint(of: one) != Fingerprint(of: other))
        one.list = [Inner(number: 1), Inner(number: 2)]
        other = one
        other.list.reverse()
        #expect(Fingerprint(of: one) != Fingerprint(of: other))
    }
}
