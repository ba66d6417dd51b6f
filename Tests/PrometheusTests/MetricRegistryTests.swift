import Testing

@testable import Prometheus

@Suite struct MetricRegistryTests {
    @Test("a value on a bound belongs to the bucket below it")
    func bounds() {
        var distribution = Distribution(buckets: 3)
        for value in [-1, 1, 1.5, 2, 3, 3.1] { distribution.observe(value, bounds: [1, 2, 3]) }
        #expect(distribution.counts == [2, 2, 1, 1])
        #expect(distribution.count == 6)
        #expect(abs(distribution.sum - 9.6) < 1e-9)
    }

    @Test("what is no number, or would let a counter fall, is left out")
    func refused() {
        var registry = MetricRegistry()
        let histogram = registry.histogram("h", "", buckets: [1])
        let counter = registry.counter("c_total", "")
        histogram.observe(.nan, NoLabels())
        histogram.observe(.infinity, NoLabels())
        counter.add(-1)
        counter.add(.nan)
        #expect(histogram.series.isEmpty)
        #expect(counter.series.isEmpty)
    }

    @Test("series beyond the bound are gathered in one")
    func cap() {
        var registry = MetricRegistry()
        let counter = registry.counter("c_total", "", Labels2<DutyName, PeerName>.self, seriesMax: 10)
        for number in 0..<10_000 { counter.add(1, .init(.init(value: "d"), .init(value: "\(number)"))) }
        // A known one still counts for itself.
        counter.add(1, .init(.init(value: "d"), .init(value: "3")))
        let series = counter.series
        #expect(series.count == 11)
        #expect(series.contains(Series(labels: ["other", "other"], value: .number(9990))))
        #expect(series.contains(Series(labels: ["d", "3"], value: .number(2))))
    }

    @Test("a gauge that is replaced forgets its other series, and those beyond the bound")
    func replaced() {
        var registry = MetricRegistry()
        let gauge = registry.gauge("g", "", Labels1<PeerName>.self, seriesMax: 2)
        gauge.replace((0..<5).map { (.init(.init(value: "\($0)")), 1) })
        #expect(gauge.series.count == 3)
        gauge.replace([(.init(.init(value: "7")), 2)])
        #expect(gauge.series == [Series(labels: ["7"], value: .number(2))])
    }

    @Test("a counter follows another one's total, but never falls")
    func advanced() {
        var registry = MetricRegistry()
        let counter = registry.counter("c_total", "")
        for total in [3, 5, 4, -1, .nan] { counter.advance(to: total) }
        #expect(counter.series == [Series(labels: [], value: .number(5))])
    }

    @Test("what was seen several times counts so often")
    func times() {
        var registry = MetricRegistry()
        let histogram = registry.histogram("h", "", buckets: [1, 2])
        histogram.observe(.milliseconds(1500), times: 4, NoLabels())
        histogram.observe(9.0, times: 0, NoLabels())
        guard case .distribution(let distribution)? = histogram.series.first?.value else {
            Issue.record("no distribution")
            return
        }
        #expect(distribution.counts == [0, 4, 0] && distribution.sum == 6)
    }

    @Test("a table knows its values and calls all else other")
    func table() {
        let table = LabelTable(["a", "b"])
        #expect(["a", "b", "c", ""].map { table[$0] } == ["a", "b", "other", "other"])
    }

    @Test("loses nothing when many count while others scrape")
    func concurrent() async {
        var registry = MetricRegistry()
        let counter = registry.counter("c_total", "", Labels1<PeerName>.self)
        let histogram = registry.histogram("h", "", buckets: [1, 2])
        let declared = registry
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for turn in 0..<2_000 {
                        counter.add(1, .init(.init(value: "\(turn % 3)")))
                        histogram.observe(Double(task % 3) + 0.5, NoLabels())
                    }
                }
            }
            group.addTask {
                for _ in 0..<50 {
                    let text = Exposition(declared).text
                    #expect(text.isEmpty || text.hasPrefix("# HELP "))
                }
            }
        }
        let total = counter.series.reduce(0.0) { sum, series in
            guard case .number(let number) = series.value else { return sum }
            return sum + number
        }
        #expect(total == 16_000)
        guard case .distribution(let distribution)? = histogram.series.first?.value else {
            Issue.record("no distribution")
            return
        }
        #expect(distribution.counts == [6_000, 6_000, 4_000])
    }
}
