import Ethereum

/// Rules for the amounts a cluster signs deposits for. Source: spec/cluster-files.md §11.2.
enum DepositAmounts {
    static let gweiPerETH: UInt64 = 1_000_000_000
    static let ethMin: UInt64 = 1
    /// What activates a validator; the amounts together must reach it.
    static let ethActivation: UInt64 = 32

    /// The most one deposit may carry.
    static func ethMax(compounding: Bool) -> UInt64 { compounding ? 2048 : 32 }

    /// No amounts at all are fine: defaults apply.
    static func check(_ amounts: [Gwei], compounding: Bool, _ field: String) throws(ClusterError) {
        guard !amounts.isEmpty else { return }
        let max = ethMax(compounding: compounding)
        var sum: UInt64 = 0
        for (i, amount) in amounts.enumerated() {
            guard (ethMin * gweiPerETH...max * gweiPerETH).contains(amount.rawValue) else {
                throw .field("\(field)[\(i)]", "\(amount.rawValue) Gwei is not between \(ethMin) and \(max) ETH")
            }
            sum += amount.rawValue  // at most 256 amounts of 2048 ETH: no overflow
        }
        guard sum >= ethActivation * gweiPerETH else {
            throw .field(field, "\(sum) Gwei in all, but a validator needs at least \(ethActivation) ETH")
        }
    }
}
