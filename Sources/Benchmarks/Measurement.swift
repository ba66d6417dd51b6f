/// One number with its goal. Source of the goals: PRODUCT.md, "Budgets".
struct Measurement: Sendable {
    enum Budget: Sendable {
        case atMost(Double)
        case atLeast(Double)

        func allows(_ value: Double) -> Bool {
            switch self {
            case .atMost(let limit): value <= limit
            case .atLeast(let limit): value >= limit
            }
        }
    }

    /// Group first: `bls verify single`. The filter looks in it.
    let name: String
    /// Size of the problem: signatures, nodes, validators, bytes.
    let n: Int
    let unit: String
    let value: Double
    /// nil when no time is involved.
    let clock: Clock?
    let budget: Budget?

    /// nil without a budget.
    var isWithinBudget: Bool? { budget.map { $0.allows(value) } }
}
