#include "ShowroomVisit.h"

#include "Components/PoseableMeshComponent.h"
#include "Frames.h"
#include "HttpModule.h"
#include "IWebSocket.h"
#include "Interfaces/IHttpResponse.h"
#include "ProceduralMeshComponent.h"
#include "Products.h"
#include "WebSocketsModule.h"
#include "glTFRuntimeFunctionLibrary.h"

namespace
{
FString Text(const std::string& From) { return UTF8_TO_TCHAR(From.c_str()); }
std::string Text(const FString& From) { return TCHAR_TO_UTF8(*From); }

FVector Place(const std::array<double, 3>& P)
{
    const auto U = showroom::frames::toUnreal(P);
    return {U[0], U[1], U[2]};
}

FTransform Place(const std::array<double, 7>& T)
{
    const auto Q = showroom::frames::toUnreal(showroom::frames::Quat{T[3], T[4], T[5], T[6]});
    return FTransform(FQuat(Q[0], Q[1], Q[2], Q[3]), Place(std::array<double, 3>{T[0], T[1], T[2]}));
}
}  // namespace

AShowroomVisit::AShowroomVisit()
{
    PrimaryActorTick.bCanEverTick = true;
    RootComponent = CreateDefaultSubobject<USceneComponent>(TEXT("PlaySpace"));
}

void AShowroomVisit::BeginPlay()
{
    Super::BeginPlay();
    showroom::Link Link;
    Link.connect = [this] { Connect(); };
    Link.disconnect = [this] { if (Socket) Socket->Close(); };
    Link.sendText = [this](const std::string& Data) { if (Socket) Socket->Send(Text(Data)); };
    Link.sendBinary = [this](const showroom::Bytes& Data) { if (Socket) Socket->Send(Data.data(), Data.size(), true); };
    showroom::Hello Hello;
    Hello.lang = Text(Language);
    Hello.token = Text(Token);
    Session = MakeUnique<showroom::Session>(Link, Hello);
    Session->onUpdate = [this](const showroom::Arrival& Arrival) { Take(Arrival); };
    Session->onState = [this](showroom::State State, const std::string& Reason) {
        if (State == showroom::State::Closed) OnProblem.Broadcast(Text(Reason));
    };
    Session->open(FPlatformTime::Seconds());
}

void AShowroomVisit::EndPlay(const EEndPlayReason::Type Reason)
{
    if (Session)
    {
        Session->onState = nullptr;
        Session->close();
    }
    Super::EndPlay(Reason);
}

void AShowroomVisit::Connect()
{
    if (Socket)
    {
        Socket->OnClosed().Clear();
        Socket->OnConnectionError().Clear();
        Socket->Close();
    }
    Socket = FWebSocketsModule::Get().CreateWebSocket(Url, TEXT("showroom.v1"));
    Socket->OnConnected().AddWeakLambda(this, [this] { Session->opened(); });
    Socket->OnConnectionError().AddWeakLambda(this, [this](const FString&) { Session->closed(); });
    Socket->OnClosed().AddWeakLambda(this, [this](int32, const FString&, bool) { Session->closed(); });
    Socket->OnMessage().AddWeakLambda(this, [this](const FString& Data) { Session->text(Text(Data)); });
    // Whole messages: fragments are joined by the module.
    Socket->OnBinaryMessage().AddWeakLambda(this, [this](const void* Data, SIZE_T Size, bool) {
        Session->binary(static_cast<const std::uint8_t*>(Data), Size);
    });
    Socket->Connect();
}

void AShowroomVisit::Tick(float Seconds)
{
    Super::Tick(Seconds);
    const double Now = FPlatformTime::Seconds();
    Session->tick(Now);
    if (Head && Now - Sent >= 1 / Rate)
    {
        Sent = Now;
        showroom::Pose Pose;
        Pose.time = Now;
        Pose.seq = ++Seq;
        Pose.head = Seven(*Head);
        if (LeftHand && LeftHand->IsVisible()) Pose.left = Seven(*LeftHand);
        if (RightHand && RightHand->IsVisible()) Pose.right = Seven(*RightHand);
        Session->send(Pose);
    }
    for (auto& Pair : Standing)
        if (Pair.Value.Shown.worn) MoveCloth(Pair.Value, Now);
    for (auto& Pair : Figures) MoveFigure(Pair.Value, Now);
}

std::array<double, 7> AShowroomVisit::Seven(const USceneComponent& Tracked) const
{
    const FTransform Local = Tracked.GetComponentTransform().GetRelativeTransform(GetActorTransform());
    const FVector P = Local.GetLocation();
    const FQuat Q = Local.GetRotation();
    const auto A = showroom::frames::fromUnreal(showroom::frames::Vec3{P.X, P.Y, P.Z});
    const auto B = showroom::frames::fromUnreal(showroom::frames::Quat{Q.X, Q.Y, Q.Z, Q.W});
    return {A[0], A[1], A[2], B[0], B[1], B[2], B[3]};
}

void AShowroomVisit::Take(const showroom::Arrival& Arrival)
{
    using namespace showroom;
    const double Now = FPlatformTime::Seconds();
    if (const auto* Frame = std::get_if<Vertices>(&Arrival))
    {
        FStanding* Product = Standing.Find(Text(Frame->target));
        if (Product && Product->Shown.glb == Frame->glb) Product->Frames->add(Frame->time, *Frame, Now);
        Session->shown(*Frame);
        return;
    }
    const UpdateMessage& Update = std::get<UpdateMessage>(Arrival);
    if (const auto* Came = std::get_if<Welcome>(&Update))
    {
        if (Came->resumed) return;
        bGuest = false;
        TArray<FString> Targets;
        Standing.GetKeys(Targets);
        for (const FString& Target : Targets) Remove(Target);
        TArray<FString> Names;
        Figures.GetKeys(Names);
        for (const FString& Who : Names) Leave(Who);
        SetBody(Height, {});
    }
    else if (const auto* Shown = std::get_if<ProductShown>(&Update))
    {
        FStanding& Product = Standing.FindOrAdd(Text(Shown->target));
        Product.Shown = *Shown;
        if (!Product.Frames) Product.Frames = MakeUnique<History<Vertices>>(Clocks.ofTarget(Shown->target));
        Load(Text(Shown->target));
    }
    else if (const auto* Changed = std::get_if<ProductChanged>(&Update))
    {
        FStanding* Product = Standing.Find(Text(Changed->target));
        if (!Product) return;
        change(Product->Shown, *Changed);
        if (!Changed->glb.empty()) return Load(Text(Changed->target));
        Show(Text(Changed->target));
        OnProduct.Broadcast(Text(Changed->target));
    }
    else if (const auto* Removed = std::get_if<ProductRemoved>(&Update)) Remove(Text(Removed->target));
    else if (const auto* Body = std::get_if<AvatarShown>(&Update)) Dress(*Body);
    else if (const auto* Pose = std::get_if<AvatarPose>(&Update))
    {
        if (FFigure* Figure = Figures.Find(Text(Pose->who))) Figure->Poses->add(Pose->time, *Pose, Now);
    }
    else if (const auto* There = std::get_if<showroom::Company>(&Update)) Meet(*There);
    else if (const auto* Said = std::get_if<Reply>(&Update)) OnReply.Broadcast(Text(Said->text));
    else if (const auto* Error = std::get_if<ErrorUpdate>(&Update))
    {
        if (Error->ref.rfind("pose/", 0) != 0) OnProblem.Broadcast(Text(Error->message));
    }
}

void AShowroomVisit::Fetch(const FString& Hash, TFunction<void(UglTFRuntimeAsset*)> Then)
{
    auto Request = FHttpModule::Get().CreateRequest();
    Request->SetURL(FString::Printf(TEXT("http%s/asset/%s.glb"), *Url.RightChop(2), *Hash));
    if (!Token.IsEmpty()) Request->SetHeader(TEXT("Authorization"), TEXT("Bearer ") + Token);
    Request->OnProcessRequestComplete().BindWeakLambda(this, [Then](FHttpRequestPtr, FHttpResponsePtr Response, bool bRight) {
        if (!bRight || Response->GetResponseCode() != 200) return Then(nullptr);
        FglTFRuntimeConfig Config;
        Config.TransformBaseType = EglTFRuntimeTransformBaseType::Default;  // (-z, x, y), as Frames.h
        Then(UglTFRuntimeFunctionLibrary::glTFLoadAssetFromData(Response->GetContent(), Config));
    });
    Request->ProcessRequest();
}

void AShowroomVisit::Load(const FString& Target)
{
    const FString Hash = Text(Standing[Target].Shown.glb);
    Fetch(Hash, [this, Target, Hash](UglTFRuntimeAsset* Asset) {
        FStanding* Product = Standing.Find(Target);
        if (!Asset || !Product || Text(Product->Shown.glb) != Hash) return;  // Superseded.
        for (auto& Old : Product->Meshes) Old->DestroyComponent();
        Product->Meshes.Reset();
        Product->Triangles.Reset();
        Product->Frames->clear();
        FglTFRuntimeMeshLOD Lod;
        if (!Asset->LoadStaticMeshAsRuntimeLOD(0, Lod, FglTFRuntimeMaterialsConfig())) return;
        for (const FglTFRuntimePrimitive& Primitive : Lod.Primitives)
        {
            auto* Mesh = NewObject<UProceduralMeshComponent>(this);
            Mesh->SetupAttachment(RootComponent);
            Mesh->RegisterComponent();
            TArray<int32> Triangles;
            for (uint32 Index : Primitive.Indices) Triangles.Add(int32(Index));
            const TArray<FVector2D> Uv = Primitive.UVs.Num() ? Primitive.UVs[0] : TArray<FVector2D>();
            Mesh->CreateMeshSection(0, Primitive.Positions, Triangles, Primitive.Normals, Uv, {}, {}, false);
            Mesh->SetMaterial(0, Primitive.Material);
            Mesh->SetVisibility(false);  // worn: until the first frame
            Product->Meshes.Add(Mesh);
            Product->Triangles.Add(MoveTemp(Triangles));
        }
        Show(Target);
        OnProduct.Broadcast(Target);
    });
}

void AShowroomVisit::Show(const FString& Target)
{
    FStanding& Product = Standing[Target];
    if (Product.Shown.worn) return;
    for (auto& Mesh : Product.Meshes)
    {
        Mesh->SetRelativeTransform(Place(Product.Shown.transform));
        Mesh->SetVisibility(!bGuest || Product.Shown.target.find('/') != std::string::npos);
    }
}

void AShowroomVisit::Remove(const FString& Target)
{
    if (FStanding* Product = Standing.Find(Target))
        for (auto& Mesh : Product->Meshes) Mesh->DestroyComponent();
    Standing.Remove(Target);
    OnProduct.Broadcast(Target);
}

void AShowroomVisit::Dress(const showroom::AvatarShown& Shown)
{
    const FString Who = Text(Shown.who);
    FFigure& Shape = Figures.FindOrAdd(Who);
    Shape.Glb = Shown.glb;
    if (!Shape.Poses) Shape.Poses = MakeUnique<showroom::History<showroom::AvatarPose>>(Clocks.of(Shown.who), 32);
    Fetch(Text(Shown.glb), [this, Who, Hash = Shown.glb](UglTFRuntimeAsset* Asset) {
        FFigure* Figure = Figures.Find(Who);
        if (!Asset || !Figure || Figure->Glb != Hash) return;  // Superseded, or gone.
        if (!Figure->Mesh)
        {
            // Its bones are set by hand; as a component of this actor it is kept alive.
            Figure->Mesh = NewObject<UPoseableMeshComponent>(this);
            Figure->Mesh->SetupAttachment(RootComponent);
            Figure->Mesh->RegisterComponent();
        }
        Figure->Mesh->SetSkinnedAssetAndUpdate(Asset->LoadSkeletalMesh(0, 0, FglTFRuntimeSkeletalMeshConfig()));
    });
}

void AShowroomVisit::Leave(const FString& Who)
{
    if (FFigure* Figure = Figures.Find(Who))
        if (Figure->Mesh) Figure->Mesh->DestroyComponent();
    Figures.Remove(Who);
}

void AShowroomVisit::Meet(const showroom::Company& Company)
{
    bGuest = Company.host != Company.you;
    TArray<FString> Targets;
    Standing.GetKeys(Targets);
    for (const FString& Target : Targets) Show(Target);
    OnRoom.Broadcast(Text(Company.room));
    TArray<FString> Names;
    Figures.GetKeys(Names);
    for (const FString& Who : Names)
    {
        bool bThere = Who.IsEmpty();
        for (const auto& Companion : Company.companions) bThere = bThere || Text(Companion.name) == Who;
        if (!bThere) Leave(Who);
    }
}

void AShowroomVisit::MoveFigure(FFigure& Figure, double Now)
{
    const auto Moment = Figure.Poses->at(Now);
    if (!Figure.Mesh || !Moment.to) return;
    TArray<FTransform>& Bones = Figure.Mesh->BoneSpaceTransforms;
    // The GLB's bones have no rotation at rest: a rotation relative to rest is the bone's own.
    for (const auto& [Bone, Q] : Moment.to->rotations)
    {
        const int32 Index = Figure.Mesh->GetBoneIndex(FName(Text(Bone)));
        if (!Bones.IsValidIndex(Index)) continue;
        const auto Before = Moment.from->rotations.find(Bone);
        const auto A = showroom::frames::toUnreal(Before == Moment.from->rotations.end() ? Q : Before->second);
        const auto B = showroom::frames::toUnreal(Q);
        Bones[Index].SetRotation(FQuat::Slerp(FQuat(A[0], A[1], A[2], A[3]), FQuat(B[0], B[1], B[2], B[3]), Moment.share));
    }
    const int32 Hips = Figure.Mesh->GetBoneIndex(FName(TEXT("hips")));
    if (Bones.IsValidIndex(Hips))
        Bones[Hips].SetLocation(FMath::Lerp(Place(Moment.from->root), Place(Moment.to->root), Moment.share));
    Figure.Mesh->MarkRefreshTransformDirty();
}

void AShowroomVisit::MoveCloth(FStanding& Product, double Now)
{
    const auto Moment = Product.Frames->at(Now);
    if (!Moment.to) return;
    const auto& To = Moment.to->positions;
    const auto& From = Moment.from->positions.size() == To.size() ? Moment.from->positions : To;
    TArray<FVector> Vertices;
    Vertices.SetNumUninitialized(To.size() / 3);
    for (int32 I = 0; I < Vertices.Num(); ++I)
    {
        std::array<double, 3> P;
        for (int32 K = 0; K < 3; ++K) P[K] = FMath::Lerp<double>(From[3 * I + K], To[3 * I + K], Moment.share);
        Vertices[I] = Place(P);
    }
    for (int32 M = 0; M < Product.Meshes.Num(); ++M)
    {
        TArray<FVector> Normals;
        Normals.SetNumZeroed(Vertices.Num());
        const TArray<int32>& T = Product.Triangles[M];
        for (int32 I = 0; I + 2 < T.Num(); I += 3)
        {
            const FVector N = FVector::CrossProduct(Vertices[T[I + 2]] - Vertices[T[I]], Vertices[T[I + 1]] - Vertices[T[I]]);
            for (int32 K = 0; K < 3; ++K) Normals[T[I + K]] += N;
        }
        for (FVector& N : Normals) N.Normalize();
        Product.Meshes[M]->UpdateMeshSection(0, Vertices, Normals, {}, {}, {});
        Product.Meshes[M]->SetVisibility(true);
    }
}

void AShowroomVisit::Say(const FString& Said)
{
    showroom::Utterance Event;
    Event.id = Fresh();
    Event.text = Text(Said);
    Event.lang = Text(Language);
    Session->send(Event);
}

void AShowroomVisit::Command(showroom::Command Event)
{
    Event.id = Fresh();
    Session->send(Event);
}

void AShowroomVisit::TryOn(const FString& Target)
{
    showroom::Command Event;
    Event.action = "try_on";
    Event.target = Text(Target);
    Command(Event);
}

void AShowroomVisit::TakeOff()
{
    showroom::Command Event;
    Event.action = "take_off";
    Command(Event);
}

void AShowroomVisit::ChangeSize(int32 Step)
{
    showroom::Command Event;
    Event.action = "set_size";
    Event.size_step = Step;
    Command(Event);
}

void AShowroomVisit::Undo()
{
    showroom::Command Event;
    Event.action = "undo";
    Command(Event);
}

void AShowroomVisit::JoinRoom(const FString& Name, const FString& Room, const FString& Guests)
{
    showroom::Join Event;
    Event.id = Fresh();
    Event.name = Text(Name);
    Event.room = Text(Room);
    if (!Guests.IsEmpty()) Event.guests = Text(Guests);
    Session->send(Event);
}

void AShowroomVisit::AllowGuests(const FString& Guests, const FString& Who)
{
    showroom::Allow Event;
    Event.id = Fresh();
    Event.guests = Text(Guests);
    Event.who = Text(Who);
    Session->send(Event);
}

void AShowroomVisit::LeaveRoom()
{
    showroom::Leave Event;
    Event.id = Fresh();
    Session->send(Event);
}

void AShowroomVisit::PointAt(const FString& Target)
{
    showroom::Point Event;
    Event.id = Fresh();
    Event.target = Text(Target);
    Session->send(Event);
}

void AShowroomVisit::SetBody(double Stature, const TMap<FString, double>& Tape)
{
    Height = Stature;
    showroom::Body Event;
    Event.id = Fresh();
    Event.height = Stature;
    for (const auto& Pair : Tape) Event.tape[Text(Pair.Key)] = Pair.Value;
    Session->send(Event);
}

TArray<FString> AShowroomVisit::Products() const
{
    TArray<FString> Targets;
    Standing.GetKeys(Targets);
    return Targets;
}

std::string AShowroomVisit::Fresh()
{
    return "unreal-" + std::to_string(GetUniqueID()) + "-" + std::to_string(++Number);
}
