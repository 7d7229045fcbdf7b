using UnrealBuildTool;

// Thin: the core's session on Unreal's websockets, its products as components.
public class Showroom : ModuleRules
{
    public Showroom(ReadOnlyTargetRules Target) : base(Target)
    {
        PCHUsage = PCHUsageMode.UseExplicitOrSharedPCHs;
        CppStandard = CppStandardVersion.Cpp17;
        PublicDependencyModuleNames.AddRange(new[] { "Core", "CoreUObject", "Engine", "ShowroomCore", "ProceduralMeshComponent" });
        PrivateDependencyModuleNames.AddRange(new[] { "WebSockets", "HTTP", "glTFRuntime" });
        AddEngineThirdPartyPrivateStaticDependencies(Target, "zlib"); // the core's headers include it
    }
}
