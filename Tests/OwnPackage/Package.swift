// swift-tools-version: 6.3
import PackageDescription

let package = Package(
    name: "own-mill",
    dependencies: [.package(name: "millrace", path: "../..")],
    targets: [
        .executableTarget(
            name: "own-mill",
            dependencies: [
                .product(name: "Millrace", package: "millrace"),
                .product(name: "MillraceDaemon", package: "millrace"),
            ]),
        .executableTarget(
            name: "watch-folder", dependencies: [.product(name: "Watching", package: "millrace")]),
        .testTarget(
            name: "OwnMillTests",
            dependencies: [
                "own-mill", .product(name: "MillraceTesting", package: "millrace"),
            ]),
    ]
)
