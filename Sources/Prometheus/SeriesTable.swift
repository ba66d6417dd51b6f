/// The series of one metric, bounded in number: what comes beyond is gathered in a single one, `other`.
struct SeriesTable<Labels: LabelSet, Value: Sendable>: Sendable {
    private let seriesMax: Int
    private(set) var values: [Labels: Value] = [:]
    private(set) var overflow: Value?

    init(seriesMax: Int) { self.seriesMax = seriesMax }

    mutating func update(_ labels: Labels, default initial: @autoclosure () -> Value, _ change: (inout Value) -> Void) {
        if values[labels] != nil || values.count < seriesMax {
            change(&values[labels, default: initial()])
        } else {
            var value = overflow ?? initial()
            change(&value)
            overflow = value
        }
    }

    mutating func removeAll() {
        values = [:]
        overflow = nil
    }

    func series(_ value: (Value) -> Series.Value) -> [Series] {
        let known = values.map { Series(labels: $0.key.values, value: value($0.value)) }
        guard let overflow else { return known }
        return known + [
            Series(labels: Labels.names.map { _ in LabelTable.other }, value: value(overflow))
        ]
    }
}
