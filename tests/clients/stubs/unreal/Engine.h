// Signatures of what the Unreal plugin uses of the engine and glTFRuntime, after their documentation
// (Unreal 5.1). Nothing works: it is there to be parsed against.
#pragma once
#include <cstdint>
#include <string>
#include <utility>

using int32 = std::int32_t;
using int64 = std::int64_t;
using uint8 = std::uint8_t;
using uint32 = std::uint32_t;
using SIZE_T = std::size_t;
using TCHAR = char16_t;
#define TEXT(text) u##text
#define SHOWROOM_API
#define UCLASS(...)
#define USTRUCT(...)
#define UPROPERTY(...)
#define UFUNCTION(...)
// UnrealHeaderTool writes more; of it the sources use this.
#define GENERATED_BODY()  \
 public:                  \
  using Super = AActor;   \
                          \
 private:
#define DECLARE_DYNAMIC_MULTICAST_DELEGATE_OneParam(Name, Type, Argument) \
  struct Name {                                                          \
    void Broadcast(Type) const;                                          \
    template <class U> void AddDynamic(U*, void (U::*)(Type)) {}         \
  }

class FString {
 public:
  FString();
  FString(const TCHAR*);
  const TCHAR* operator*() const;
  bool IsEmpty() const;
  FString RightChop(int32) const;
  template <class... T> static FString Printf(const TCHAR*, T...);
  friend bool operator==(const FString&, const FString&);
  friend bool operator!=(const FString&, const FString&);
  friend FString operator+(const TCHAR*, const FString&);
};
FString operator+(FString, const FString&);
FString UTF8_TO_TCHAR(const char*);
const char* TCHAR_TO_UTF8(const TCHAR*);

struct FName {
  FName();
  FName(const TCHAR*);
  explicit FName(const FString&);
};

template <class T> class TArray {
 public:
  TArray();
  int32 Num() const;
  bool IsValidIndex(int32) const;
  void Add(const T&);
  void Add(T&&);
  void Reset();
  void SetNumUninitialized(int32);
  void SetNumZeroed(int32);
  T& operator[](int32);
  const T& operator[](int32) const;
  T* begin();
  T* end();
  const T* begin() const;
  const T* end() const;
};

template <class K, class V> struct TPair {
  K Key;
  V Value;
};

template <class K, class V> class TMap {
 public:
  TMap();
  V* Find(const K&);
  const V* Find(const K&) const;
  V& FindOrAdd(const K&);
  V& Add(const K&, V);
  V& operator[](const K&);
  int32 Remove(const K&);
  bool Contains(const K&) const;
  void Empty();
  template <class A> int32 GetKeys(A&) const;
  TPair<K, V>* begin();
  TPair<K, V>* end();
  const TPair<K, V>* begin() const;
  const TPair<K, V>* end() const;
};

template <class T> class TObjectPtr {
 public:
  TObjectPtr();
  TObjectPtr(T*);
  T* operator->() const;
  T& operator*() const;
  operator T*() const;
};

template <class T> class TSharedPtr {
 public:
  TSharedPtr();
  T* operator->() const;
  explicit operator bool() const;
};
template <class T> class TSharedRef {
 public:
  T* operator->() const;
  operator TSharedPtr<T>() const;
};
template <class T> class TUniquePtr {
 public:
  T* operator->() const;
  explicit operator bool() const;
};
template <class T, class... A> TUniquePtr<T> MakeUnique(A&&...);
template <class T> T&& MoveTemp(T&);

template <class F> class TFunction;
template <class R, class... A> class TFunction<R(A...)> {
 public:
  template <class F, class = decltype(std::declval<F&>()(std::declval<A>()...))> TFunction(F) {}
  R operator()(A...) const;
};

template <class... A> struct TEvent {
  template <class F, class = decltype(std::declval<F&>()(std::declval<A>()...))>
  void AddWeakLambda(const class UObject*, F) {}
  template <class F, class = decltype(std::declval<F&>()(std::declval<A>()...))>
  void BindWeakLambda(const class UObject*, F) {}
  void Clear();
};

struct FVector {
  double X, Y, Z;
  static const FVector ZeroVector;
  static FVector CrossProduct(const FVector&, const FVector&);
  bool Normalize();
  FVector operator-(const FVector&) const;
  FVector operator+(const FVector&) const;
  FVector operator*(double) const;
  FVector& operator+=(const FVector&);
};
struct FVector2D {
  double X, Y;
};
struct FQuat {
  double X, Y, Z, W;
  FQuat();
  FQuat(double, double, double, double);
  static FQuat Slerp(const FQuat&, const FQuat&, double);
};
struct FTransform {
  FTransform();
  FTransform(const FQuat&, const FVector&);
  FTransform GetRelativeTransform(const FTransform&) const;
  FVector GetLocation() const;
  FQuat GetRotation() const;
  void SetLocation(const FVector&);
  void SetRotation(const FQuat&);
};
struct FLinearColor {};
struct FProcMeshTangent {};
struct FColor {
  static const FColor White;
};
struct FMath {
  template <class T, class U> static T Lerp(const T&, const T&, const U&);
  template <class T> static T Min(T, T);
  template <class T> static T Max(T, T);
};
struct FPlatformTime {
  static double Seconds();
};

class UObject {
 public:
  virtual ~UObject();
  uint32 GetUniqueID() const;
};
template <class T> T* NewObject(UObject*);

class UActorComponent : public UObject {
 public:
  void RegisterComponent();
  void DestroyComponent(bool = false);
};
class USceneComponent : public UActorComponent {
 public:
  void SetupAttachment(USceneComponent*);
  bool IsVisible() const;
  void SetVisibility(bool, bool = false);
  void SetRelativeTransform(const FTransform&);
  const FTransform& GetComponentTransform() const;
};
class UMaterialInterface : public UObject {};
class UPrimitiveComponent : public USceneComponent {
 public:
  void SetMaterial(int32, UMaterialInterface*);
};

namespace EEndPlayReason {
enum Type { Destroyed, Quit };
}
class USkeletalMesh : public UObject {};
class USkinnedMeshComponent : public UPrimitiveComponent {
 public:
  void SetSkinnedAssetAndUpdate(USkeletalMesh*, bool = true);
  int32 GetBoneIndex(FName) const;
};
/// Bones are set by hand on a poseable mesh only, not on a skeletal mesh component.
class UPoseableMeshComponent : public USkinnedMeshComponent {
 public:
  TArray<FTransform> BoneSpaceTransforms;  // relative to the parent's
  void MarkRefreshTransformDirty();
};

struct FTickFunction {
  bool bCanEverTick;
};
class AActor : public UObject {
 public:
  FTickFunction PrimaryActorTick;
  TObjectPtr<USceneComponent> RootComponent;
  template <class T> T* CreateDefaultSubobject(FName);
  const FTransform& GetActorTransform() const;
  FVector GetActorLocation() const;
  bool SetActorLocation(const FVector&);
  USceneComponent* GetRootComponent() const;
  class UWorld* GetWorld() const;
  virtual void BeginPlay();
  virtual void EndPlay(const EEndPlayReason::Type);
  virtual void Tick(float);
};

class UClass {};
class APawn : public AActor {};
class ADefaultPawn : public APawn {
 public:
  static UClass* StaticClass();
};
class APlayerController : public AActor {
 public:
  APawn* GetPawn() const;
};
class UWorld : public UObject {
 public:
  template <class T> T* SpawnActor();
  APlayerController* GetFirstPlayerController() const;
};
class AGameModeBase : public AActor {
 public:
  UClass* DefaultPawnClass;
};
class UEngine : public UObject {
 public:
  void AddOnScreenDebugMessage(int64, float, FColor, const FString&);
};
extern UEngine* GEngine;

class UProceduralMeshComponent : public UPrimitiveComponent {
 public:
  void CreateMeshSection(int32, const TArray<FVector>&, const TArray<int32>&, const TArray<FVector>&, const TArray<FVector2D>&,
                         const TArray<FColor>&, const TArray<FProcMeshTangent>&, bool);
  void UpdateMeshSection(int32, const TArray<FVector>&, const TArray<FVector>&, const TArray<FVector2D>&, const TArray<FColor>&,
                         const TArray<FProcMeshTangent>&);
};

class IWebSocket {
 public:
  void Connect();
  void Close(int32 = 1000, const FString& = FString());
  void Send(const FString&);
  void Send(const void*, SIZE_T, bool = false);
  TEvent<>& OnConnected();
  TEvent<const FString&>& OnConnectionError();
  TEvent<int32, const FString&, bool>& OnClosed();
  TEvent<const FString&>& OnMessage();
  TEvent<const void*, SIZE_T, bool>& OnBinaryMessage();
};
class FWebSocketsModule {
 public:
  static FWebSocketsModule& Get();
  TSharedRef<IWebSocket> CreateWebSocket(const FString&, const FString& = FString());
};

class IHttpResponse {
 public:
  int32 GetResponseCode() const;
  const TArray<uint8>& GetContent() const;
};
class IHttpRequest;
using FHttpRequestPtr = TSharedPtr<IHttpRequest>;
using FHttpResponsePtr = TSharedPtr<IHttpResponse>;
class IHttpRequest {
 public:
  void SetURL(const FString&);
  void SetHeader(const FString&, const FString&);
  bool ProcessRequest();
  TEvent<FHttpRequestPtr, FHttpResponsePtr, bool>& OnProcessRequestComplete();
};
class FHttpModule {
 public:
  static FHttpModule& Get();
  TSharedRef<IHttpRequest> CreateRequest();
};

enum class EglTFRuntimeTransformBaseType : uint8 { Default, Matrix, Transform, YForward, BasisMatrix };
struct FglTFRuntimeConfig {
  EglTFRuntimeTransformBaseType TransformBaseType;
};
struct FglTFRuntimeMaterialsConfig {};
struct FglTFRuntimeSkeletalMeshConfig {};
struct FglTFRuntimePrimitive {
  TArray<FVector> Positions;
  TArray<FVector> Normals;
  TArray<TArray<FVector2D>> UVs;
  TArray<uint32> Indices;
  UMaterialInterface* Material;
};
struct FglTFRuntimeMeshLOD {
  TArray<FglTFRuntimePrimitive> Primitives;
};
class UglTFRuntimeAsset : public UObject {
 public:
  bool LoadStaticMeshAsRuntimeLOD(const int32, FglTFRuntimeMeshLOD&, const FglTFRuntimeMaterialsConfig&);
  USkeletalMesh* LoadSkeletalMesh(const int32, const int32, const FglTFRuntimeSkeletalMeshConfig&);
};
class UglTFRuntimeFunctionLibrary {
 public:
  static UglTFRuntimeAsset* glTFLoadAssetFromData(const TArray<uint8>&, const FglTFRuntimeConfig&);
};
class FDefaultModuleImpl {};
#define IMPLEMENT_MODULE(Class, Name) Class Name##Module;
