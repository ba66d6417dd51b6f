import BeaconAPI
import Testing

@Suite("bytes that several requests may hold together")
struct ByteBudgetTests {
    @Test("what is given back, in parts or as a whole, is there for others; nothing is given back twice")
    func givesBack() {
        let budget = ByteBudget(bytesMax: 100)
        let (first, second) = (budget.share(), budget.share())
        func takes(_ share: ByteBudget.Share, _ count: Int) -> Bool { share.take(count) }
        #expect(takes(first, 60) && takes(first, 30))
        #expect(!takes(second, 11) && takes(second, 10))
        first.giveBack(60)
        #expect(!takes(second, 61) && takes(second, 60))
        first.giveBack()
        #expect(takes(second, 30) && !takes(second, 1))
        first.giveBack(30)
        first.giveBack()
        #expect(!takes(second, 1))
    }

    @Test("a share that is dropped gives back what is left of it")
    func drops() {
        let budget = ByteBudget(bytesMax: 100)
        let kept = budget.share()
        do {
            let dropped = budget.share()
            #expect(dropped.take(100))
            dropped.giveBack(40)
        }
        #expect(kept.take(100))
    }
}
