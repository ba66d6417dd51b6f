import Testing
import Timing

@Suite struct ToldTests {
    private static let start = ContinuousClock.now

    @Test("the same is told again after a while, something else at once")
    func news() {
        var told = Told<ContinuousClock.Instant>(every: .seconds(60))
        let seconds = [0, 1, 59, 60, 61, 130]
        let isNews = seconds.map { told.isNews("a", at: Self.start + .seconds($0)) }
        #expect(isNews == [true, false, false, true, false, true])
        let other = told.isNews("b", at: Self.start + .seconds(131))
        #expect(other)
    }

    @Test("what is remembered is bounded")
    func bounded() {
        var told = Told<ContinuousClock.Instant>(every: .seconds(60), countMax: 3)
        let isNews = ["0", "1", "2", "0", "3", "0"].map { told.isNews($0, at: Self.start) }
        #expect(isNews == [true, true, true, false, true, true])
    }
}
