using UnrealBuildTool;

// Plain C++17: no engine types but the module's own macro. Tested without the engine.
public class ShowroomCore : ModuleRules
{
    public ShowroomCore(ReadOnlyTargetRules Target) : base(Target)
    {
        PCHUsage = PCHUsageMode.NoPCHs;
        CppStandard = CppStandardVersion.Cpp17;
        bEnableExceptions = false;
        PublicDependencyModuleNames.Add("Core");
        PublicDependencyModuleNames.Add("RapidJSON");
        AddEngineThirdPartyPrivateStaticDependencies(Target, "zlib");
    }
}
