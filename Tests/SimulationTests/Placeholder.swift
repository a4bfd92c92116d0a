enum SimulationTestsPlaceholder {}
