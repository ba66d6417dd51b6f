import Testing

@testable import Views

@Suite("latencies as order statistics and histogram")
struct LatencySpreadTests {
    @Test("ranks and buckets")
    func spread() throws {
        #expect(LatencySpread([]) == nil)
        let hundred = try #require(LatencySpread((1...100).map { .milliseconds($0) }))
        #expect([hundred.p50, hundred.p90, hundred.p99, hundred.max] == [51, 91, 100, 100].map { .milliseconds($0) })
        #expect(hundred.buckets == [5, 5, 15, 25, 50, 0, 0, 0, 0, 0, 0, 0])
        let one = try #require(LatencySpread([.seconds(9)]))
        #expect(one.count == 1 && one.p50 == .seconds(9) && one.p99 == .seconds(9) && one.buckets.last == 1)
        #expect(LatencySpread([.seconds(-3)])?.max == .zero)
    }
}
