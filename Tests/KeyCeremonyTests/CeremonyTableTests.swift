import DKG
import Ethereum
import TestSupport
import Testing

@testable import KeyCeremony

@Suite struct CeremonyTableTests {
    private let now = Instant(unixSeconds: 1_800_000_000)

    @Test("a table of all others, and a line for each change")
    func table() throws {
        let plan = try Sample(operators: 3, threshold: 2, validators: 1).plan(1)
        var table = CeremonyTable(plan)
        var ceremony = Ceremony(plan, seed: CeremonySeed(), at: now)
        #expect(table.update(ceremony.view, at: now).map(\.message) == [.activity])
        _ = ceremony.receive(.syncReached(2), at: now)
        #expect(table.update(ceremony.view, at: now + .seconds(3)).isEmpty)
        let lines = table.lines(at: now + .seconds(5), columns: 200)
        #expect(lines.count == 4)
        #expect(lines[0] == "key ceremony: step 0/8 connecting, waiting for all operators, 5 s")
        #expect(lines[2].contains("enr:-") && lines[2].contains("not yet") && lines[2].contains("not reached (5 s)"))
        #expect(lines[3].contains("not connected to us (2 s)"))
        #expect(table.lines(at: now, columns: 30).allSatisfy { $0.count < 30 })
    }
}
