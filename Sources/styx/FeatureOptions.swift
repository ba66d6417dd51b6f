import ArgumentParser
import Logging
import Node

/// What a node does differently on its operator's word.
struct FeatureOptions: ParsableArguments {
    static let names = ["feature-set", "feature-set-enable", "feature-set-disable"]

    @Option(help: "Which features are on: alpha (all), beta or stable (proven ones).")
    var featureSet = FeatureSet.Status.stable
    @Option(help: "Features that are on whatever --feature-set says, comma-separated, e.g. json_requests.")
    var featureSetEnable: [String] = []
    @Option(help: "Features that are off whatever else is said, comma-separated.") var featureSetDisable: [String] = []

    /// Tells what of it has no effect, and why.
    func features(_ logger: Logger) -> FeatureSet {
        let features = FeatureSet(featureSet, enable: list(featureSetEnable), disable: list(featureSetDisable))
        for remark in features.remarks {
            var metadata: Logger.Metadata = ["feature": "\(remark.name)", "reason": "\(remark.why)"]
            if let meant = remark.meant { metadata["probably_meant"] = "\(meant)" }
            logger.log(level: remark.isWarning ? .warning : .info, "feature is without effect", metadata: metadata)
        }
        return features
    }
}

/// In any case of letters.
extension FeatureSet.Status: ExpressibleByArgument {
    package init?(argument: String) { self.init(rawValue: argument.lowercased()) }
}
